"""`plugcast demo`: the whole product on one machine, without hardware, account or configuration."""
