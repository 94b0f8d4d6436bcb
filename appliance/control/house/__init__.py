"""The box in its house: name and address by multicast DNS, MQTT and Home Assistant."""
