"""A way to one server that gets slow, long, lossy, or is lost: a network namespace behind a veth, with real qdiscs.

Needs root and a kernel with tbf, netem and nftables: the virtual box. The loopback, and with it the panel, stays as it
is.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.servers.nginx import Place

NAMESPACE, HERE, THERE = "far", "10.77.0.1", "10.77.0.2"
# A router at home holds about a fifth of a second.
ROUTER_MS = 200


@dataclass(frozen=True)
class Queued:
    """Packets that went through, that were dropped, and how often one had to wait for the line."""

    packets: int
    drops: int
    overlimits: int


class Uplink:
    """The uplink; a context manager that leaves nothing behind. What runs in `place` is at its far end."""

    place = Place(THERE, HERE, ("ip", "netns", "exec", NAMESPACE))

    def __enter__(self) -> Self:
        _run(f"ip netns add {NAMESPACE}")
        _run(f"ip link add uplink type veth peer name home netns {NAMESPACE}")
        # One packet is one packet: nothing that a network card would cut up later, or loss would come in lumps.
        _run("ip link set uplink gso_max_segs 1")
        _run(f"ip addr add {HERE}/24 dev uplink")
        _run("ip link set uplink up")
        for command in ("ip link set lo up", "ip link set home gso_max_segs 1", f"ip addr add {THERE}/24 dev home"):
            self.there(command)
        self.there("ip link set home up")
        for command in ("add table ip faults", "add chain ip faults way { type filter hook input priority 0 ; }"):
            self.there(f"nft {command}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _run("nft flush ruleset")
        _run("ip link del uplink")
        _run(f"ip netns del {NAMESPACE}")

    def narrow(self, kbps: int) -> None:
        """The line carries that much towards the server from now on."""
        _run(f"tc qdisc replace dev uplink root tbf rate {kbps}kbit burst 4k latency {ROUTER_MS}ms")

    def wide(self) -> None:
        """The line is short and carries everything again."""
        _run("tc qdisc del dev uplink root")

    def far(self, round_trip_ms: int, loss_percent: float) -> None:
        """The server is far away, and packets get lost on the way to it."""
        delay = f"netem limit 2000 delay {round_trip_ms / 2}ms"
        _run(f"tc qdisc replace dev uplink root {delay} loss {loss_percent}%")
        self.there(f"tc qdisc replace dev home root {delay}")

    def lose(self) -> None:
        """The path swallows everything in both directions, and says nothing."""
        self.there("nft add rule ip faults way counter drop")
        self.there("tc qdisc replace dev home root netem loss 100%")

    def find(self) -> None:
        """The path is back."""
        self.there("nft flush chain ip faults way")
        self.there("tc qdisc del dev home root")

    def swallow(self, size: int, *, here: bool) -> None:
        """The path loses packets of more than `size` bytes and says nothing: on the way to us, or to the server."""
        if not here:
            self.there(f"nft add rule ip faults way meta length gt {size} drop")
            return
        _run("nft add table ip faults")
        _run("nft add chain ip faults way { type filter hook input priority 0 ; }")
        _run(f"nft add rule ip faults way iifname uplink meta length gt {size} drop")

    @property
    def swallowed(self) -> int:
        """How many of our packets the path has swallowed since `lose`."""
        found = re.search(r"counter packets (\d+)", self.there("nft list chain ip faults way"))
        return int(found[1]) if found else 0

    @property
    def queued(self) -> Queued:
        """What `narrow` or `far` did with our packets up to now."""
        (root,) = json.loads(_run("tc -s -j qdisc show dev uplink root"))
        return Queued(root["packets"], root["drops"], root["overlimits"])

    def round_trip_ms(self, port: int) -> float:
        """How long the way there and back is: the least time that a connection to a port at the far end took."""
        took = []
        for _ in range(4):
            began = time.monotonic()
            with socket.create_connection((THERE, port), 10):
                took.append((time.monotonic() - began) * 1000)
        return min(took)

    def unplug(self) -> None:
        """The cable is out: our end loses its carrier."""
        self.there("ip link set home down")

    def plug(self) -> None:
        """The cable is in again."""
        self.there("ip link set home up")

    def there(self, command: str) -> str:
        """Runs a command at the far end; returns what it says."""
        return _run(f"ip netns exec {NAMESPACE} {command}")


def _run(command: str) -> str:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    return done.stdout
