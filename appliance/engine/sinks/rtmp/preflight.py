"""Finds out whether a server can be reached and speaks RTMP, without publishing: everything up to `connect`.

Owns one connection for a few seconds. Never sends the key: only the application's address is shown to the server.
"""

from __future__ import annotations

import time

from appliance.engine.packet import AudioParams, StreamParams, VideoParams
from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import ClosedByServerError, Connection, Timings
from appliance.engine.sinks.rtmp.dial import Dialler
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Stage
from appliance.engine.sinks.rtmp.waiting import Stopped, Waiter
from appliance.engine.worker import Worker
from appliance.errors import Fact, NeedsOwner, PlugcastError, Unavailable
from appliance.model.plan import Destination

# A session wants to know what it will publish; this one never gets that far.
_NOTHING = StreamParams(VideoParams(0, 0, 0, b"", 0), AudioParams(0, 0, b"", 0))


def preflight(destination: Destination, worker: Worker, timings: Timings | None = None) -> dict[str, Fact]:
    """Resolves, connects, sets up TLS, shakes hands. Gives how long that took, in ms; empty when it was stopped.

    Takes at most 3 s to connect, 10 s for TLS and 10 s for the rest. Raises Invalid, NeedsOwner or Unavailable.
    """
    target = Target.parse(destination.name, destination.server, destination.key, destination.ca_file)
    waiter = Waiter(time.monotonic, lambda: worker.stopping, worker.beat)
    connection = Connection(target, _NOTHING, waiter, timings or Timings())
    began = time.monotonic()
    try:
        connection.dial(Dialler(target, waiter))
        connected = time.monotonic()
        connection.negotiate(Stage.CREATE)
    except Stopped:
        return {}
    except (ServerRefusedError, ClosedByServerError, PlugcastError) as failure:
        raise _once(_meaning(target, failure)) from None
    finally:
        connection.close()
        waiter.close()
    return {
        "destination": target.name,
        "connected-ms": round((connected - began) * 1000),
        "answered-ms": round((time.monotonic() - began) * 1000),
    }


def _meaning(target: Target, failure: ServerRefusedError | ClosedByServerError | PlugcastError) -> PlugcastError:
    if isinstance(failure, PlugcastError):
        return failure
    if isinstance(failure, ServerRefusedError):
        return verdict.refused(target, "connect", failure.said or failure.code)
    if failure.stage is Stage.HANDSHAKE:
        return verdict.not_rtmp(target, "it closed the connection at once")
    return verdict.refused(target, "connect", "")


def _once(error: PlugcastError) -> PlugcastError:
    """The same error without "; we keep trying": a preflight is done once."""
    said = str(error)
    once = said if "; we " not in said else said.partition("; we ")[0] + "."
    kind = NeedsOwner if isinstance(error, NeedsOwner) else Unavailable
    return kind(error.code, once, **error.facts)
