"""The support bundle and the log: secrets planted everywhere, and none of them in what leaves the box."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.tokens import AccessFiles
from appliance.control.support.redact import HIDDEN, redacted
from appliance.model.problem import Problem
from tests.control.whole_control import KEY, SERVER, Box, box, place
from tests.fakes.engine import HEALTHY, FakeEngine, fake_engine

__all__ = ["place"]

TOKEN = "Zq3vN8sLk2Wm9Xc4Rt7Yb1Hd6Jf5Pg0aQeUiOwTz"
PIN = "73519264"
PASSWORD = "correct-horse/battery"
FILE_KEY = "live_481516_abcdefGHIJKL"
MQTT_PASSWORD = 'a"b\\c mqtt'
BARE_KEY = "hunter-two-no-signs"

log = logging.getLogger("appliance.planted")


def pieces() -> list[str]:
    """Every secret, and every piece of one that would be enough to be harmful."""
    return [KEY, "stream-42", "sign=a", "a/b+c==", "6ab2c0b9", TOKEN, PIN, "7351 9264", PASSWORD, FILE_KEY,
            MQTT_PASSWORD, json.dumps(MQTT_PASSWORD)[1:-1], BARE_KEY, "server-s3cret"]  # fmt: skip


async def plant(it: Box, engine: FakeEngine) -> None:
    """Puts every secret wherever a person, a server or a fault of ours could have put it."""
    await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
    await it.do({"do": "set-destination", "name": "bare", "server": "rtmp://h/app?auth=server-s3cret"})
    await it.do({"do": "paste-key", "text": BARE_KEY, "destination": "bare"})
    await it.do({"do": "set-setting", "path": "slate.owner-name", "value": f"me {BARE_KEY} {KEY}"})
    await it.do({"do": "set-setting", "path": "mqtt.user", "value": FILE_KEY})
    await it.do({"do": "go-live", "title": f"{KEY} {MQTT_PASSWORD}"})
    leak = Problem(code="server", text=f"refused {SERVER}/{KEY} for {BARE_KEY}", facts={"url": f"{SERVER}/{KEY}"})
    await engine.say(msgspec.structs.replace(HEALTHY, problems=(leak,)))
    for line in (f"url {SERVER}/{KEY}", f"Authorization: Bearer {TOKEN}", f"PIN {PIN}", "PIN 7351 9264", f"pin={PIN}",
                 f"password={PASSWORD}", f'{{"password": "{PASSWORD}"}}', f"cookie: plugcast={TOKEN}", f"token {TOKEN}",
                 f"mqtt://me:{PASSWORD}@host", f"file {FILE_KEY}", f"mqtt {MQTT_PASSWORD}", BARE_KEY):  # fmt: skip
        log.warning("%s", line)
        log.error(line.upper() if line.startswith("pin") else line)


async def test_no_secret_leaves_the_box(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    (place / "key").write_text(f"{FILE_KEY}\n")
    (place / "mqtt").write_text(f"{MQTT_PASSWORD}\n")
    files = (
        f'[mqtt]\npassword-file = "{place}/mqtt"\n[destination.filed]\nserver = "{SERVER}"\nkey-file = "{place}/key"\n'
    )

    async with fake_engine(place) as engine, box(place, files) as it:
        token = AccessFiles(place / "state").add_token("other", 0.0)
        await plant(it, engine)
        pin = AccessFiles(place / "state").pin.shown()
        await it.do({"do": "set-setting", "path": "slate.owner-name", "value": f"me {BARE_KEY} {KEY} {pin}"})
        log.warning("made %s, shown x%s", token, pin)
        await it.until(lambda s: any(p["code"] == "server" for p in s["problems"]))
        status, body = await it.get("/api/bundle")
        assert status == 200
        with zipfile.ZipFile(io.BytesIO(body)) as bundle:
            assert bundle.testzip() is None
            texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
        for name in ("state", "settings", "about"):
            json.loads(texts[f"plugcast/{name}.json"])
        status, lines = await it.get("/api/logs?lines=2000")
        assert status == 200
        texts["/api/logs"] = lines.decode()
        texts["/metrics"] = (await it.get("/metrics"))[1].decode()
        for name, text in texts.items():
            for piece in (*pieces(), token, pin, it.token, it.link.partition("#")[2]):
                assert piece.lower() not in text.lower(), f"{piece!r} is in {name}"
        assert "The engine 0.1.0 is there" in texts["plugcast/log.txt"]
        assert json.loads(texts["plugcast/state.json"])["encoder"]["name"] == "libx264"
        assert "plugcast_encoder_fps 30" in texts["plugcast/metrics.txt"]


@pytest.mark.parametrize("lines", ["0", "2001", "x", "-1", "1.5", "", "٣", "9" * 30])
async def test_a_wrong_number_of_lines_is_422(place: Path, lines: str) -> None:
    async with box(place) as it:
        status, body = await it.get(f"/api/logs?lines={lines}")
        assert (status, body["code"]) == (422, "request")


@given(st.text(max_size=30), st.text(min_size=4, max_size=20), st.text(max_size=30))
def test_what_is_known_never_stays(before: str, secret: str, after: str) -> None:
    if secret not in HIDDEN and not set(secret) <= set(HIDDEN):
        assert secret not in redacted(before + secret + after, [secret]).replace(HIDDEN, "\0")


@pytest.mark.parametrize(
    "text",
    [
        "The engine 0.1.0 is there; the hardware is pi4+tc358743.", "2026-11-25T11:00:00Z control info: On air.",
        "The panel answers at http://192.168.1.20/", "Going live to tiktok and twitch.", "1700000000 seconds",
        "plugcast_destination_backlog_seconds 0.2", "plugcast.toml.broken-1", "key frame", "/dev/video0 1920x1080@60",
    ],
)  # fmt: skip
def test_what_helps_stays(text: str) -> None:
    assert redacted(text) == text
