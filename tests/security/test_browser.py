"""A real browser with a paired owner in it opens a hostile page: what that page can do to the box."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from aiohttp import web

from appliance.access import guard as access_room
from appliance.panel import app as app_room
from tests.security.house import visiting

CHROMIUM = shutil.which("chromium")
GUARD = pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-guard"])

HOSTILE = """<!doctype html><title>hostile</title><body><script>
const box = "BOX", said = [];
const command = {method: "POST", mode: "no-cors", credentials: "include", body: '{"do":"end-live"}'};
(async () => {
  await fetch(box + "/api/do", command).catch(() => 0);
  await fetch(box + "/api/state", {credentials: "include"}).then(
    async (answer) => said.push("read:" + (await answer.text()).slice(0, 12)), () => said.push("unread"));
  const picture = new Image();
  await new Promise((done) => {
    picture.onload = () => { said.push("embedded"); done(); };
    picture.onerror = () => { said.push("not-embedded"); done(); };
    picture.src = box + "/static/icon.svg";
  });
  said.push("done");
  document.body.dataset.said = said.join(",");
})();
</script>"""


async def browse(profile: Path, address: str) -> str:
    """Opens a page until it has come to rest; returns its DOM."""
    assert CHROMIUM is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM, *flags, "--virtual-time-budget=3000", "--dump-dom", address,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        out, _ = await browser.communicate()
    finally:
        if browser.returncode is None:
            browser.kill()
            await browser.wait()
    return out.decode()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.slow
@pytest.mark.timeout(90)
@GUARD
async def test_a_hostile_page_in_the_owners_browser(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """On another port of the box's own address, where SameSite does not help: the cookie goes along."""
    if not is_guarded:

        async def any_body(request: web.Request) -> bytes:
            return await request.read()

        monkeypatch.setattr(access_room, "check_origin", lambda _request: None)
        monkeypatch.setattr(app_room, "read_body", any_body)
        monkeypatch.setattr(app_room, "must_be_json", lambda _request: None)

    async with visiting(place, within_s=80) as house:

        async def page(_request: web.Request) -> web.Response:
            return web.Response(text=HOSTILE.replace("BOX", house.site), content_type="text/html")

        hostile = web.Application()
        hostile.router.add_get("/", page)
        runner = web.AppRunner(hostile)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            await browse(place / "profile", f"{house.site}/#{house.files.new_link(1.0)}")
            assert len(house.access.sessions) == 1
            dom = await browse(place / "profile", f"http://127.0.0.1:{runner.addresses[0][1]}/")
        finally:
            await runner.cleanup()
        assert 'data-said="unread,not-embedded,done"' in dom
        assert (len(house.desk.done) == 0) is is_guarded
