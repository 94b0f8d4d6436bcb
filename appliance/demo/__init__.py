"""`plugcast demo`: the whole product on one machine, without hardware, account or configuration."""

from appliance.demo.main import main

__all__ = ["main"]
