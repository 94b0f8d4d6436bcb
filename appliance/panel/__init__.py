"""The web panel: what phones on the LAN and tests speak HTTP to. Asks control by Commands, shows State."""
