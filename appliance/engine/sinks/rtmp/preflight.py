"""Finds out whether a server can be reached and speaks RTMP, without publishing: everything up to `connect`.

Owns one connection for a few seconds. Never sends the key: only the application's address is shown to the server.
"""

from __future__ import annotations

import time

from appliance.engine.packet import AudioParams, StreamParams, VideoParams
from appliance.engine.sinks.rtmp import verdict
from appliance.engine.sinks.rtmp.address import Target
from appliance.engine.sinks.rtmp.connection import ClosedByServerError, Connection, Timings
from appliance.engine.sinks.rtmp.dial import Dialler, may_lose_large
from appliance.engine.sinks.rtmp.route import Route
from appliance.engine.sinks.rtmp.session import ServerRefusedError, Stage
from appliance.engine.sinks.rtmp.waiting import Stopped, Waiter
from appliance.engine.threads.worker import Worker
from appliance.errors import Fact, NeedsOwner, PlugcastError, Unavailable
from appliance.model.plan import Destination

# A session wants to know what it will publish; this one never gets that far.
_NOTHING = StreamParams(VideoParams(0, 0, 0, b"", 0), AudioParams(0, 0, b"", 0))


def preflight(destination: Destination, worker: Worker, timings: Timings | None = None) -> dict[str, Fact]:
    """Resolves, connects, sets up TLS, shakes hands. Gives how long that took, in ms; empty when it was stopped.

    Follows servers that send publishers on. Takes at most 3 s to connect, 10 s for TLS and 10 s for the rest, and half
    as long again where a network loses large packets. Raises Invalid, NeedsOwner or Unavailable.
    """
    target = Target.parse(destination.name, destination.server, destination.key, destination.ca_file)
    waiter = Waiter(time.monotonic, lambda: worker.stopping, worker.beat)
    route, facts = Route(target), dict[str, Fact]()
    try:
        for aim in route:
            facts = _reach(aim, route, waiter, timings or Timings())
    except Stopped:
        return {}
    finally:
        waiter.close()
    return facts


def _reach(aim: Target, route: Route, waiter: Waiter, timings: Timings) -> dict[str, Fact]:
    """Tries one server, again with small segments where large ones may vanish; notes where it sends us on to."""
    dialler = Dialler(aim, waiter)
    while True:
        connection = Connection(aim, _NOTHING, waiter, timings)
        began = time.monotonic()
        try:
            connection.dial(dialler)
            connected = time.monotonic()
            connection.negotiate(Stage.CREATE)
            break
        except ServerRefusedError as refusal:
            error = route.follow(aim, refusal) if refusal.redirect else _meaning(aim, refusal)
            if error is None:
                return {}
            raise _once(error) from None
        except (ClosedByServerError, PlugcastError) as failure:
            error = _meaning(aim, failure)
            if dialler.has_small_segments or not may_lose_large(error):
                raise _once(error) from None
            dialler.has_small_segments = True
        finally:
            connection.close()
    return {
        "destination": aim.name,
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
