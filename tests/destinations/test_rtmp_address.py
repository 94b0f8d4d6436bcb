"""Server addresses, and when a key ends."""

from __future__ import annotations

import pytest

from appliance.destinations.rtmp_address import host_of, read_server, without_query
from appliance.model.platforms.registry import expiry_of

KEY = "stream-2137703598951235785?amun=true&c=ID&expire=6ab2c0b9&sign=c43f/x+y=="


def test_servers() -> None:
    assert read_server("RTMPS://Host.Example:443/app/") == "rtmps://host.example:443/app"
    assert read_server("rtmp://[::1]:1935/live") == "rtmp://[::1]:1935/live"
    assert read_server("rtmp://h/app?auth=1") == "rtmp://h/app?auth=1"
    assert without_query("rtmp://h/app?auth=1") == "rtmp://h/app?<hidden>"
    assert host_of("rtmp://h:1/app") == "h:1"
    assert host_of("") == ""


@pytest.mark.parametrize(
    ("key", "at"),
    [
        (KEY, 0x6AB2C0B9),
        ("stream-1?wsTime=6ab2c0b9&wsSecret=1", 0x6AB2C0B9),
        ("stream-1?expire=1790099641", 1790099641),
        ("stream-1?expire=soon", 0),
        ("stream-1?expire=00000001", 0),
        ("stream-1", 0),
        ("", 0),
    ],
)
def test_expiry(key: str, at: int) -> None:
    assert expiry_of(key) == at
