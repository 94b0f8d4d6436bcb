"""Nothing carries a secret out of the house: planted wherever one can stand, looked for in all that leaves the box."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest

from appliance.access.pins import in_groups
from appliance.access.qr import qr_text
from appliance.access.tokens import AccessFiles
from appliance.control.support import bundle, logs
from tests.control.whole_control import Box, box, run
from tests.fakes.engine import fake_engine

SERVER = "rtmp://ingest.example/game"
KEY = "stream-77?expire=6ab2c0b9&sign=qr+Zz=="
FILED = "live_90210_ownersKeyFile"
BROKER = "brokers pass'w\"ord"
PASSWORD = "the sofa is on fire"
BLOCKS = {chr(sign) for sign in range(0x2580, 0x25A0)}
GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-redactor"])
ASKED = ["/api/state", "/api/settings", "/api/sessions", "/api/recordings", "/api/schema", "/metrics", "/healthz",
         "/api/logs?lines=2000", "/api/backup", "/api/whoami"]  # fmt: skip

log = logging.getLogger("appliance.planted")


class Planted:
    """The secrets of one box, and everything that it told."""

    def __init__(self) -> None:
        self.secrets: list[str] = [KEY, "sign=qr+Zz", FILED, BROKER, json.dumps(BROKER)[1:-1], PASSWORD]
        self.told: dict[str, str] = {}

    def found(self) -> list[str]:
        """What can be read, scanned or decoded of a secret, and where."""
        spelt = {form for secret in self.secrets for form in (secret, base64.b64encode(secret.encode()).decode())}
        texts = [f"{form!r} in {place}" for place, text in self.told.items() for form in spelt if form in text]
        codes = [f"a QR code in {place}" for place, text in self.told.items() if BLOCKS & set(text)]
        return texts + codes


async def _plant(it: Box, planted: Planted) -> None:
    """What people and programs do with secrets, and what a careless line of a log would make of each."""
    files = AccessFiles(it.directory / "state")
    headers = {"Origin": it.url}
    await it.do({"do": "paste-key", "text": f"{SERVER} {KEY}"})
    link = it.link.partition("#")[2]
    async with it.http.post(f"{it.url}/api/pair", json={"token": link}, headers=headers) as answer:
        assert answer.status == 200
        cookies = [morsel.value for morsel in answer.cookies.values()]
    body = {"password": PASSWORD}
    async with it.http.post(f"{it.url}/api/password", json=body, headers=headers) as answer:
        assert answer.status == 200
    async with it.http.post(f"{it.url}/api/sessions/invite", json={"role": "viewer"}, headers=headers) as answer:
        invited = (await answer.json())["link"]
    pin, bearer = files.pin.shown(), await asyncio.to_thread(files.add_token, "lamp", 1.0)
    planted.secrets += [link, *cookies, invited.partition("#")[2], pin, in_groups(pin), bearer, it.token]
    for line in (f"panel {it.link}", f"invited {invited}", f"PIN {in_groups(pin)}", f"PIN {pin}", f"token {bearer}",
                 f"Authorization: Bearer {it.token}", *(f"Cookie: plugcast={cookie}" for cookie in cookies),
                 f"password: {json.dumps(PASSWORD)}".replace(" ", "+"), f"{SERVER}/{KEY}", f"key-file {FILED}",
                 f"mqtt://box:{BROKER.split(' ', maxsplit=1)[0]}@broker.example", BROKER,
                 json.dumps({"password": BROKER}), *qr_text(it.link, coloured=False).splitlines(),
                 *qr_text(invited, coloured=True).splitlines()):  # fmt: skip
        log.warning("%s", line)
    await it.do({"do": "go-live"})


async def _listen(it: Box, planted: Planted) -> None:
    for path in ASKED:
        async with it.http.get(it.url + path) as answer:
            planted.told[path] = f"{answer.headers} {await answer.text()}"
    async with it.http.get(f"{it.url}/api/feed") as answer:
        planted.told["/api/feed"] = (await answer.content.readuntil(b"\n\n")).decode()
    async with it.http.get(f"{it.url}/api/bundle") as answer:
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as found:
            planted.told |= {name: found.read(name).decode() for name in found.namelist()}


@GUARD
def test_no_secret_is_carried_out(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_guarded: bool
) -> None:
    caplog.set_level("INFO")
    if not is_guarded:
        for room in (bundle, logs):
            monkeypatch.setattr(room, "redacted", lambda text, *_more, **_kinds: text)
    (place / "key").write_text(FILED)
    (place / "mqtt").write_text(BROKER)
    text = (
        f'[mqtt]\npassword-file = "{place}/mqtt"\n'
        f'[destination.filed]\nserver = "{SERVER}"\nkey-file = "{place}/key"\n'
    )  # fmt: skip
    planted = Planted()

    async def test() -> None:
        async with fake_engine(place), box(place, text) as it:
            await _plant(it, planted)
            await it.until(lambda state: state["live"]["type"] != "off")
            await _listen(it, planted)

    run(test)
    assert len(planted.secrets) >= 12
    assert len(planted.told) >= len(ASKED) + 6
    found = planted.found()
    assert bool(found) is not is_guarded, found
    if not is_guarded:
        assert any("QR code" in one for one in found)


def kept_by(state_dir: Path) -> dict[str, Any]:
    """Every file of the state directory by its name."""
    return {str(file.relative_to(state_dir)): file.read_bytes() for file in state_dir.rglob("*") if file.is_file()}


async def test_what_lets_somebody_in_is_kept_nowhere_in_clear(place: Path) -> None:
    planted = Planted()

    async with fake_engine(place), box(place) as it:
        await _plant(it, planted)
        pin = AccessFiles(place / "state").pin.shown()
        secrets = [secret for secret in planted.secrets if secret not in {KEY, "sign=qr+Zz", pin, in_groups(pin)}]
        for name, body in kept_by(place / "state").items():
            assert not [secret for secret in secrets if secret.encode() in body], name
