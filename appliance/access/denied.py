"""The one error that only the panel has: a request that is not let in, with an HTTP status of its own."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.errors import Fact, PlugcastError


class Denied(PlugcastError):
    """A request that is not let in. `headers` go with the answer."""

    def __init__(
        self, http_status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None, **facts: Fact
    ) -> None:
        super().__init__(code, sentence, **facts)
        self.http_status = http_status
        self.headers = dict(headers or {})
