# ruff: noqa: E501 - tables read better wide
"""What the fake box knows at first: a State in which everything is there, settings, checks, a log."""

from __future__ import annotations

import time
from typing import Any

from appliance.model.words import Words
from appliance.settings.table import ABOUT, GROUPS, About

type Json = dict[str, Any]

EVENING = 1_784_050_000.0


def fresh_state() -> Json:
    """A box that is ready but for today's key."""
    now = time.time()
    return {
        "schema-version": 1, "at": float(round(now)), "name": "living-room", "title": "", "live": {"type": "off"}, "cover": "", "look": "blur",
        "signal": {"state": "picture", "cause": "none", "mode": "1920x1080@60", "pixel-format": "YUYV", "problem": None},
        "canvas": {"width": 720, "height": 1280, "captured": 600, "skipped": 300, "composed": 300, "repeated": 0, "slates": 0},
        "encoder": {"name": "libx264", "why": "", "width": 720, "height": 1280, "fps": 30.0, "kbps": 3312, "target-kbps": 3400, "limited-by": "", "dropped": 0, "latency-ms": 9.0},
        "destinations": [destination("tiktok", "tiktok", problem={"code": "needs-key", "text": "Paste it.", "hints": [], "facts": {}})],
        "audio": {
            "source": "hw:0,1", "levels-db": [-18.0, -16.0], "muted": [], "sync-ms": 4.0, "silent-since-at": 0,
            "sources": [
                {"name": "game", "levels-db": [-18.0, -16.0], "muted": False, "gain-db": 0, "present": True},
                {"name": "mic", "levels-db": [-26.0, -26.0], "muted": False, "gain-db": 6, "present": True},
            ],
        },
        "chat": {
            "status": "off", "sources": [], "viewers": None, "viewers-ever": None, "totals": {}, "messages": [], "pinned": None,
            "questions": [], "hidden-viewers": [],
        }, "alerts": [],
        "recordings": [
            {"name": "2026-07-14_18-02-11.mp4", "kind": "recording", "seconds": 2712.0, "bytes": 1_180_000_000, "at": now - 80_000},
            {"name": "clip_2026-07-14_18-31-40.mp4", "kind": "clip", "seconds": 30.0, "bytes": 13_400_000, "at": now - 79_000},
        ],
        "record": {"state": "off", "file": "", "written-s": 0, "free-mb": 48_000, "hours-left": 30.4},
        "problems": [], "health": {"verdict": "good", "cause": "", "temperature-c": 58.0, "load": 0.4},
        "readiness": [
            {"name": "game", "state": "ok", "text": "Picture is here, 1920x1080@60.", "code": ""},
            {"name": "sound", "state": "ok", "text": "Sound is coming in.", "code": ""},
            {"name": "tiktok", "state": "bad", "text": "Paste today's key.", "code": "needs-key"},
            {"name": "internet", "state": "ok", "text": "The server answers.", "code": ""},
        ],
        "engine": {"connected": True, "version": "0.1.0", "uptime-s": 10, "memory-mb": 92.0},
        "devices": [
            {"node": "/dev/video0", "card": "USB3 Video Capture", "kind": "hdmi", "in-use": True, "inputs": ["HDMI 1", "HDMI 2"]},
            {"node": "/dev/video2", "card": "HD Webcam", "kind": "webcam", "in-use": False, "inputs": []},
        ],
        "sounds": [{"name": "hw:1,0", "text": "Headset microphone"}, {"name": "hw:2,0", "text": "USB capture sound"}],
        "disks": [{"name": "sda1", "label": "STICK", "free-mb": 14_200, "path": "/media/STICK"}],
        "clock": {"time-zone": "Europe/Madrid", "set": True, "skew-hint": None},
        "uplink": {"state": "none", "kbps": 0, "at": 0, "advice": None}, "export": {"state": "none", "done": 0, "of": 0, "disk": "", "problem": None},
        "access": {"sessions": 2, "pin-shown": False, "notices": []}, "update": {"version": "0.1.0"}, "account": None, "demo": None,
    }  # fmt: skip


def destination(name: str, preset: str, **known: Any) -> Json:
    """One destination as State shows it."""
    return {
        "name": name, "enabled": True, "preset": preset, "state": "off", "host": "", "key-last4": "", "key-expires-at": 0, "kbps": 0, "backlog-ms": 0,
        "attempts": 0, "sent-frames": 0, "dropped-frames": 0, "problem": None, "preflight": None, **known,
    }  # fmt: skip


def fresh_settings() -> list[Json]:
    """Some settings of every kind."""

    def one(path: str, value: Any, source: str = "default", **more: Any) -> Json:
        kind = "choice" if "choices" in more else {bool: "bool", int: "int", list: "list"}.get(type(value), "text")
        default = more.pop("default", value)
        return {
            "path": path, "value": value, "source": source, "default": default, "type": kind, "needs": "now", "group": path.partition(".")[0] if "." in path else "box",
            "choices": None, "min": None, "max": None, "advanced": False, "settable": True, **more,
        }  # fmt: skip

    return [
        one("language", "en"),
        one("time-zone", "Europe/Madrid", "panel.toml", default=""),
        one("panel.names", [], advanced=True, needs="restart"),
        one("panel.port", 80, advanced=True, needs="restart", min=0, max=65535),
        one("capture.device", "auto"),
        one("capture.input", -1, min=-1, max=63),
        one("capture.audio", "auto"),
        one("capture.black-after-s", 10, advanced=True, min=0, max=3600),
        one("audio.microphone", "hw:1,0", "panel.toml", default="none"),
        one("audio.offset-ms", 0, min=-1000, max=1000),
        one("facecam.device", "none"),
        one("picture.size", "720x1280", "hw-profile pi5", needs="after-live"),
        one("picture.fps", 30, choices=[24, 25, 30, 50, 60], needs="after-live"),
        one("picture.look", "blur", choices=["blur", "fill", "split", "full"]),
        one("encoder.bitrate-kbps", 3400, "box.toml", min=500, max=20000, needs="after-live"),
        one("destination.tiktok.enabled", True),
        one("destination.tiktok.key-file", "/etc/plugcast/key", "box.toml", advanced=True, settable=False),
        one("record.enabled", True, "panel.toml", default=False),
        one("record.when-full", "delete-oldest", choices=["delete-oldest", "stop"]),
        one("sign-in.client-key", "awx0", "box.toml", default="", advanced=True, settable=False),
        one("chat.source", "none", choices=["none", "tiktok", "simulated"]),
        one("chat.tiktok.handle", ""),
        one("chat.twitch.channel", ""),
        one("slate.owner-name", "Maya", "panel.toml", default=""),
    ]


def in_words(row: Json, language: str) -> Json:
    """A setting as it is sent: with what people read of it."""
    path, choices = row["path"], row["choices"]
    general = "destination.*." + path.rpartition(".")[2] if path.startswith("destination.") else path
    about = ABOUT.get(general, About(Words(path, path)))
    words = [(value, about.choices.get(str(value))) for value in choices or ()]
    options = [
        {
            "value": value,
            "label": choice.label.said(language) if choice else str(value),
            "about": choice.about.said(language) if choice and choice.about else "",
        }
        for value, choice in words
    ]
    return {
        **row, "label": about.label.said(language), "group-label": GROUPS.get(row["group"], Words(row["group"], row["group"])).said(language),
        "hint": about.hint.said(language) if about.hint else "", "options": options or None,
    }  # fmt: skip


SESSIONS: list[Json] = [
    {"role": "owner", "name": "iPhone, Safari", "id": "a1", "made-at": 1_784_000_000.0, "used-at": 1_784_050_000.0, "way": "link", "this": True, "invited-by": ""},
    {"role": "viewer", "name": "Windows, Firefox", "id": "b2", "made-at": 1_783_000_000.0, "used-at": 1_783_050_000.0, "way": "invite", "this": False, "invited-by": "iPhone, Safari"},
]  # fmt: skip

DOCTOR: list[Json] = [
    {"name": "signal", "state": "ok", "text": "Picture is here.", "fix": "", "code": ""},
    {"name": "mode", "state": "ok", "text": "1080p at 60.", "fix": "", "code": ""},
    {"name": "sound", "state": "ok", "text": "Sound is coming in.", "fix": "", "code": ""},
    {"name": "uplink", "state": "unknown", "text": "Not tested yet.", "fix": "Test it.", "code": ""},
    {"name": "key", "state": "bad", "text": "There is no key.", "fix": "Paste today's key.", "code": "needs-key"},
    {"name": "heat", "state": "warn", "text": "The box is warm: 72 °C.", "fix": "Give it air.", "code": "too-hot"},
    {"name": "disk", "state": "ok", "text": "Room for 30 hours.", "fix": "", "code": ""},
    {"name": "clock", "state": "ok", "text": "The clock is right.", "fix": "", "code": ""},
]

LOG = "\n".join(f"14:0{i}:00 control: The live is on air since {i} minutes." for i in range(10))
