"""The fault matrix as data: every row in the order of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from signal import SIGKILL, SIGSTOP

from tests.fakes.rtmp_server import Trick
from tests.faults import (
    clocks,
    covers,
    disks,
    floods,
    heat,
    kills,
    meanwhile,
    network,
    processes,
    servers,
    signals,
    sound,
    starving,
)
from tests.faults.row import Row

_SLATE = "slate <= 1.0 s, game back <= 1.5 s, the same session"
_BACK = "published <= 3 s after it listens"
_HOLE = "noticed <= 9 s, published <= 3 s after the path is back"
_CUT = "backlog <= 2 s, sound complete, bitrate back <= 30 s"
_BAD_SERVER = "named <= 12 s, /healthz <= 100 ms, on air when it behaves"
_UNTOUCHED = "stream untouched"
_DISK = "stream untouched, told <= 10 s"
_STRUCK = "every one recovered; viewers wait <= 10 s for the engine, 0 s for others"
_STARVED = "no role ended, an owner answered <= 1 s and told what to choose, a picture every 2 s"
_SYNC = "within 20 ms, no step above 5 ms"

_MEANWHILE = "the live goes on; viewers back <= 10 s after the fault, or never gone where they notice nothing of it"

SINGLE: tuple[Row, ...] = (
    Row("signal-modes", "no signal, no lock, out of range; each twice", "vivid's signal mode", _SLATE, signals.modes),
    Row("pulled-out", "the card is pulled out and put back, 20 times", "vivid unbind and bind", _SLATE
        + ", no growth", signals.pulled(20)),
    Row("resolution", "1080p60 to 720p60 and back, 20 changes", "vivid's timings",
        "game back <= 1.5 s, the same session and encoded size", signals.resized(20)),
    Row("frames-stop", "frames stop without an error", "vivid drops every buffer",
        "slate <= 1.5 s, game back <= 1.5 s, the same session", signals.starved),
    Row("stream-error", "a fatal error while streaming", "vivid's injected error",
        "game back <= 5 s, the same session",
        signals.broken),
    Row("black", "a black picture", "vivid's test pattern", "named <= 12 s, the same session", signals.black),
    Row("server-killed", "the server is killed and back after 5 s", "kill -9 nginx", _BACK, servers.killed),
    Row("server-drops", "the server disconnects us", "nginx control", "published <= 1 s", servers.dropped),
    Row("server-frozen", "the server stands still for 25 s", "SIGSTOP nginx", _BACK, servers.frozen),
    Row("server-silent", "a server that never says a word, 30 s", "a server of ours", _BAD_SERVER,
        servers.tricked(Trick.SILENT, "server-silent", 12)),
    Row("server-lies", "a server that answers garbage, 30 s", "a server of ours", _BAD_SERVER,
        servers.tricked(Trick.GARBAGE, "server-not-rtmp", 12)),
    Row("server-huge", "a server that announces 16 MB, 30 s", "a server of ours", _BAD_SERVER,
        servers.tricked(Trick.HUGE_MESSAGE, "server-not-rtmp", 12)),
    Row("server-floods", "a server that sends without end, 30 s", "a server of ours", _BAD_SERVER,
        servers.tricked(Trick.FLOOD, "server-not-rtmp", 12)),
    Row("key-refused", "the key is refused while live, a new one pasted", "nginx's on_publish says 403",
        "no hammering, on air <= 1 s after the paste, the same encoder", servers.key_refused),
    Row("black-hole-15", "the path swallows everything for 15 s", "nftables and netem", _HOLE,
        network.black_holed(15)),
    Row("black-hole-40", "the path swallows everything for 40 s", "nftables and netem", _HOLE,
        network.black_holed(40)),
    Row("black-hole-600", "the path swallows everything for 10 min", "nftables and netem", _HOLE,
        network.black_holed(600)),
    Row("uplink-50", "uplink cut to 50 % for 20 s", "tbf", _CUT, network.narrowed(0.5)),
    Row("uplink-25", "uplink cut to 25 % for 20 s", "tbf", _CUT, network.narrowed(0.25)),
    Row("loss-5", "5 % loss at 200 ms round trip, 2 min", "netem", "no disconnect, sound complete", network.lossy),
    Row("address", "Wi-Fi to Ethernet: the address goes, another way comes after 2 s", "ip, two veths",
        "viewers back <= 12 s", network.moved),
    Row("engine-killed", "the engine is killed", "SIGKILL", "on air <= 5 s", processes.lose_engine(SIGKILL, 5)),
    Row("engine-hung", "the engine hangs", "SIGSTOP", "on air <= 10 s", processes.lose_engine(SIGSTOP, 10)),
    Row("engine-killed-real", "the engine is killed", "SIGKILL", "on air <= 5 s",
        processes.lose_engine(SIGKILL, 5, here=True), "real", on_host=True),
    Row("engine-hung-real", "the engine hangs", "SIGSTOP", "on air <= 10 s",
        processes.lose_engine(SIGSTOP, 10, here=True), "real", on_host=True),
    Row("control-killed", "control is killed", "SIGKILL", _UNTOUCHED, processes.lose_bystander("control", SIGKILL),
        quick=True),
    Row("control-hung", "control hangs", "SIGSTOP", _UNTOUCHED, processes.lose_bystander("control", SIGSTOP)),
    Row("screen-killed", "the painter is killed", "SIGKILL", _UNTOUCHED, processes.lose_bystander("screen", SIGKILL)),
    Row("kills", "60 kills and 24 hangs of random roles in one live", "SIGKILL, SIGSTOP", _STRUCK,
        kills.struck(seed=16, kills=60, stops=24), limit_s=5400.0),
    Row("kills-some", "the same with 4 kills and 2 hangs", "SIGKILL, SIGSTOP", _STRUCK,
        kills.struck(seed=36, kills=4, stops=2), quick=True),
    Row("slow-start", "six tenths of a processor for 1080p60, from the start", "who takes the rest", _STARVED,
        starving.starve(starving.four_tenths, from_start=True), "real", on_host=True),
    Row("slow-live", "the same from mid-live on", "who takes the rest", _STARVED,
        starving.starve(starving.four_tenths, from_start=False), "real", on_host=True),
    Row("neighbour-start", "a neighbour takes all the processor it gets, from the start", "two busy loops", _STARVED,
        starving.starve(starving.everything, from_start=True), "real", on_host=True),
    Row("neighbour-live", "the same from mid-live on", "two busy loops", _STARVED,
        starving.starve(starving.everything, from_start=False), "real", on_host=True),
    Row("panel-flood", "/healthz is flooded from five addresses for 10 s", "220 connections that ask in heaps",
        "stream untouched, p99 between frames <= 2 x idle, an owner answered <= 1 s",
        floods.flooded(is_real=True), "real", on_host=True),
    Row("panel-flood-virtual", "the same with 250 heaps, without the time between frames",
        "220 connections that ask in heaps",
        "stream untouched, an owner answered <= 1 s", floods.flooded(is_real=False)),
    Row("privacy", "privacy is pressed while live, and ended after 3 s, 3 times", "the command",
        "game and its sound gone <= 0.5 s, back <= 0.5 s, the same session", covers.private(3), quick=True),
    Row("sound-fast", "the sound card's clock 200 ppm fast, 3 min with picture", "snd-aloop's rate shift", _SYNC,
        sound.drifting(200, 180)),
    Row("sound-slow", "the sound card's clock 200 ppm slow, 3 min with picture", "snd-aloop's rate shift", _SYNC,
        sound.drifting(-200, 180)),
    Row("sound-8h", "the same for 8 h, the sound path alone, both ways", "simulated stamps", _SYNC,
        sound.simulated(8), on_host=True),
    Row("disk-full", "the disk of recordings is full", "a file that takes all room", _DISK,
        disks.harmed(disks.fill, ("disk-full",)), quick=True),
    Row("disk-read-only", "the disk of recordings turns read-only", "ext4's trigger_fs_error", _DISK,
        disks.harmed(disks.break_it, ("directory-unwritable", "record-failed"))),
    Row("disk-slow", "every write waits for 2 s", "fsfreeze", _UNTOUCHED, disks.harmed(disks.slow_down, ())),
    Row("power-cut", "the plug is pulled 50 times while recording and saving settings",
        "kill -9 of the box, ext4 on ubd",
        "<= 2 s of recording lost, settings old or new", disks.cuts(50), on_host=True),
    Row("clock-forward", "the wall clock jumps 1 h forward, and back", "clock_settime", _UNTOUCHED,
        clocks.stepped(3600)),
    Row("clock-back", "the wall clock jumps 1 h back, and forward", "clock_settime", _UNTOUCHED,
        clocks.stepped(-3600)),
    Row("no-clock", "start in 1970, TLS; the time is right after 30 s", "clock_settime",
        "clock named, on air <= 15 s after",
        clocks.no_clock, quick=True),
    Row("heat", "82 degrees for 30 s", "a thermal zone of ours (a fake)", "bitrate lower <= 7.5 s, stream untouched",
        heat.hot),
)  # fmt: skip

TROUBLES: dict[str, tuple[str, Callable[[], meanwhile.Trouble]]] = {
    "server-killed": ("the server is gone", meanwhile.server_killed),
    "server-drops": ("the server disconnects us", meanwhile.server_drops),
    "server-frozen": ("the server stands still", meanwhile.server_frozen),
    "server-silent": ("a server never says a word", meanwhile.server_tricks(Trick.SILENT, "server-silent")),
    "server-lies": ("a server answers garbage", meanwhile.server_tricks(Trick.GARBAGE, "server-not-rtmp")),
    "server-huge": ("a server announces 16 MB", meanwhile.server_tricks(Trick.HUGE_MESSAGE, "server-not-rtmp")),
    "server-floods": ("a server sends without end", meanwhile.server_tricks(Trick.FLOOD, "server-not-rtmp")),
    "key-refused": ("the key is refused while live", meanwhile.key_refused),
    "disk-full": ("the disk of recordings is full", meanwhile.recordings(disks.fill, "disk-full")),
    "disk-read-only": ("the disk of recordings turns read-only",
        meanwhile.recordings(disks.break_it, "directory-unwritable", "record-failed")),
    "disk-slow": ("every write of a recording waits for 2 s", meanwhile.recordings(disks.slow_down)),
    "state-full": ("the disk of the state directory is full", partial(meanwhile.state_disk, is_full=True)),
    "state-read-only": ("the disk of the state directory is read-only", partial(meanwhile.state_disk, is_full=False)),
    "clock-forward": ("the wall clock jumps 1 h forward", meanwhile.clock_set(3600)),
    "clock-back": ("the wall clock jumps 1 h back", meanwhile.clock_set(-3600)),
    "no-clock": ("a start in 1970, TLS", meanwhile.no_clock),
}  # fmt: skip
"""Faults that last while somebody is killed."""
VICTIMS: dict[meanwhile.Victim, str] = {"control": "control", "engine": "the engine"}
ROWS: tuple[Row, ...] = (
    *SINGLE,
    *(
        Row(f"{name}-{victim}", f"{fault}, and {who} is killed meanwhile", "as alone, and SIGKILL", _MEANWHILE,
            meanwhile.killed_in(trouble, victim))
        for name, (fault, trouble) in TROUBLES.items()
        for victim, who in VICTIMS.items()
    ),
)  # fmt: skip
