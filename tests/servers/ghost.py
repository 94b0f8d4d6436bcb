"""A publisher that has gone without telling: its connection is still there, but nobody reads or answers any more."""

from __future__ import annotations

import socket
from typing import Self

from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Session, Stage
from tests.engine.sinks.media import clip

LIMIT_S = 10.0


class Ghost:
    """Holds the key of `target` from entering to leaving, as until TCP itself gives a connection up."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        while not self._haunts():
            self.leave()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Lets the key go."""
        if self._connection:
            self._connection.close()

    def _haunts(self) -> bool:
        """Whether the server lets us publish; not while somebody else does."""
        address = self._target.address
        self._connection = connection = socket.create_connection((address.host, address.port), LIMIT_S)
        session = Session(self._target, clip().params)
        try:
            while session.stage is not Stage.PUBLISHING:
                connection.sendall(session.take())
                data = connection.recv(65536)
                if not data:
                    return False
                session.feed(data)
        except ServerRefusedError:
            return False
        return True
