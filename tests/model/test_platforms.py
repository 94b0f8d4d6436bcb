"""A platform has a file of its own, and all that the box says of it comes from there."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from appliance.destinations.paste import read_paste
from appliance.destinations.rtmp_address import read_server
from appliance.destinations.typos import typo_in
from appliance.errors import Invalid
from appliance.model.command import ANY_COMMAND
from appliance.model.config import Config
from appliance.model.platforms.platform import Platform
from appliance.model.platforms.registry import (
    PLATFORMS,
    looks_like_a_key,
    platform_at,
    platform_named,
)
from appliance.panel.box_words import box_words
from appliance.panel.page_files import STATIC
from appliance.settings.checks import check_layer
from appliance.settings.listing import options
from tests.project import ROOT

KEY = "stream-2137703598951235785?expire=6ab2c0b9&sign=c43f"
NAMES = ["tiktok", "twitch", "youtube", "custom"]


def test_platforms() -> None:
    assert list(PLATFORMS) == NAMES
    for platform in PLATFORMS.values():
        assert platform.rules
        for ingest in platform.ingests:
            assert read_server(ingest.server) == ingest.server
            assert platform_at(ingest.server.split("/")[2]) is platform
        width, _, height = platform.recommended.size.partition("x")
        assert int(width) % 2 == int(height) % 2 == 0
    assert platform_named("twitch").name == "twitch"
    assert platform_named("club").name == "custom"
    assert platform_at("nottiktokcdn.com") is None
    assert looks_like_a_key("live_123456_abcDEF")
    assert PLATFORMS["tiktok"].expiry_of(KEY) == 0x6AB2C0B9
    assert PLATFORMS["twitch"].expiry_of("live_1_a?expire=6ab2c0b9") == 0


def test_what_tiktok_asks_for_is_said_plainly() -> None:
    words = " ".join(PLATFORMS["tiktok"].rules)
    for fact in ("each LIVE", "18", "who gets a key", "password", "cookies"):
        assert fact in words
    assert PLATFORMS["tiktok"].key_lasts == "one-live"


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_the_page_has_what_it_shows_of_a_platform(platform: Platform) -> None:
    icons = (STATIC / "index.html").read_text() + (STATIC / "icons.svg").read_text()
    assert f'id="i-{platform.icon}"' in icons
    for number, language in enumerate(("en", "es")):
        first = _served(box_words(language, "first"))
        assert first["sentences"]["preset"][platform.name] == platform.title[number]
        assert first["sentences"]["rules"][platform.name].split("\n") == [hint[number] for hint in platform.hints]


def test_a_destination_may_be_added_for_every_platform_but_the_one_that_is_always_there() -> None:
    added = _served(box_words("en", "screens"))["platforms"]
    assert [name for name, _ in added] == [name for name in NAMES if name not in Config().destination]


def test_the_settings_and_the_schema_know_the_platforms_and_no_other() -> None:
    assert [option.value for option in options("destination.*.preset", "en")] == ["", *NAMES]
    for name in NAMES:
        assert check_layer({"destination": {"main": {"preset": name}}}, "box.toml")
    with pytest.raises(Invalid, match="preset"):
        check_layer({"destination": {"main": {"preset": "nowhere"}}}, "box.toml")
    schema = str(msgspec.json.schema_components([ANY_COMMAND])[1]["SetDestination"]["properties"]["preset"])
    assert set(re.findall(r"'([a-z]+)'", schema)) >= set(NAMES)


def test_what_is_mistyped_is_told_in_the_platforms_words() -> None:
    for platform in PLATFORMS.values():
        for home in platform.homes:
            host = f"{home.beside or 'push'}.{home.domain}"
            assert platform_at(host) is platform
            typo = typo_in(f"rtmp://{host}")
            assert typo is not None
            assert f"{host}/{platform.apps[0]}" in typo.sentence
            swapped = home.domain.replace(home.name, home.name[1::-1] + home.name[2:])
            typo = typo_in(f"rtmp://{home.beside or 'push'}.{swapped}/{platform.apps[0]}")
            assert typo is not None
            assert typo.suggestion == f"rtmp://{host}/{platform.apps[0]}"
        if platform is not platform_named("custom"):
            assert read_paste(f"{platform.name.upper()}: {KEY}").key == KEY
    typo = typo_in("rtmp://live_123456_abcDEF")
    assert typo is not None
    assert "as Twitch shows it" in typo.sentence


HEARD = {
    ROOT / "appliance" / name
    for name in (
        "chat/irc.py", "chat/keys.py", "chat/opened.py", "chat/quota.py", "chat/twitch.py",
        "chat/youtube.py", "chat/youtube_errors.py", "chat/youtube_events.py",
        "control/chat/desk.py", "model/config.py", "settings/table.py",
    )
}  # fmt: skip
"""What it takes to hear a platform's chat, which not every platform has."""


def test_a_platform_is_named_in_its_own_file_alone() -> None:
    """TikTok, whose LIVE this box is made for, is named in many. Hearing a platform's chat is a matter of its own."""
    own = ROOT / "appliance" / "model" / "platforms"
    names = PLATFORMS.keys() - {"tiktok", "custom"}
    others = re.compile("|".join(rf'"{name}"|\b{name}:|{PLATFORMS[name].title.en}' for name in names))
    assert others.search('titles = {"twitch": 1}')
    files = [
        file
        for file in (ROOT / "appliance").rglob("*")
        if file.suffix in {".py", ".js", ".ts", ".html", ".css"} and own not in file.parents and file not in HEARD
    ]
    assert len(files) > 300
    assert [str(file) for file in files if others.search(file.read_text())] == []


def _served(script: bytes) -> Any:
    return msgspec.json.decode(script[script.index(b"{") : script.rindex(b"}") + 1])
