"""What the concierge says of a paste, and that it never says a key."""

from __future__ import annotations

import asyncio
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from appliance.control.keys import KeyStore
from appliance.control.live.key_paste import EXPIRED, SOON_S, checked_server, freshness, server_for, take
from appliance.control.panel_settings import PanelSettings
from appliance.destinations.paste import Pasted
from appliance.errors import Invalid
from appliance.model.command import SetDestination
from appliance.model.config import Config, DestinationConfig
from appliance.model.plan import Destination
from appliance.settings.layers import load as load_settings
from tests.destinations.keys import KEYS

ENDS = 0x6AB2C0B9
KEY = "stream-2137703598951235785?expire=6ab2c0b9&sign=c43f/x+y=="
TWITCH_KEY = "live_123456789_AbCdEfGhIjKlMnOpQrStUvWxYz0123"
SERVER = "rtmp://push-rtmp-l10-sg01.tiktokcdn.com/game"
CONFIG = Config(destination={"tiktok": DestinationConfig(), "twitch": DestinationConfig()})


def test_both(tmp_path: Path) -> None:
    facts = take(KeyStore(tmp_path), CONFIG, "tiktok", f"{SERVER}\n{KEY}", ENDS - SOON_S - 1)
    assert facts == {
        "took-server": True,
        "took-key": True,
        "expires-at": ENDS,
        "expired": False,
        "host": "push-rtmp-l10-sg01.tiktokcdn.com",
        "last4": "+y==",
    }


@pytest.mark.parametrize(
    ("now", "expired", "code"),
    [(ENDS - SOON_S, False, "key-ends-soon"), (ENDS - 1, False, "key-ends-soon"), (ENDS + 1, True, "key-expired")],
)
def test_a_key_at_its_end(tmp_path: Path, now: int, expired: bool, code: str) -> None:
    facts = take(KeyStore(tmp_path), CONFIG, "tiktok", f"{SERVER} {KEY}", now)
    assert (facts["expired"], facts["hint-code"]) == (expired, code)


@pytest.mark.parametrize("spelling", ["expire=1790099641", "expire=6ab2c0b9", "wsTime=6ab2c0b9", "wsTime=1790099641"])
def test_every_spelling_of_an_end(tmp_path: Path, spelling: str) -> None:
    facts = take(KeyStore(tmp_path), CONFIG, "tiktok", f"{SERVER} stream-213770359895?{spelling}&sign=1", 1.0)
    assert facts["expires-at"] in {ENDS, 1790099641}


def test_ones_own_server_takes_another_platforms_key(tmp_path: Path) -> None:
    """A relay at home sends on to wherever its owner likes."""
    own, tiktoks = (
        Config(destination={"tiktok": DestinationConfig(server=server)})
        for server in ("rtmp://192.168.1.5/live", SERVER)
    )
    assert take(KeyStore(tmp_path), own, "tiktok", TWITCH_KEY, 1.0)["took-key"]
    with pytest.raises(Invalid):
        take(KeyStore(tmp_path), tiktoks, "tiktok", TWITCH_KEY, 1.0)


def test_one_after_the_other(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    first = take(keys, CONFIG, "tiktok", SERVER, 1.0)
    assert (first["took-server"], first["took-key"], first["hint-code"]) == (True, False, "no-key")
    second = take(keys, CONFIG, "tiktok", KEY, 1.0)
    assert (second["took-server"], second["took-key"], "hint" in second) == (False, True, False)
    assert second["host"] == "push-rtmp-l10-sg01.tiktokcdn.com"
    assert take(keys, CONFIG, "tiktok", KEY, 1.0)["hint-code"] == "same-key"
    assert take(KeyStore(tmp_path / "other"), CONFIG, "tiktok", KEY, 1.0)["hint-code"] == "no-server"


def test_a_key_that_no_server_took_is_remembered_until_one_takes_it(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    take(keys, CONFIG, "tiktok", f"{SERVER} {KEY}", 1.0)
    take(keys, CONFIG, "twitch", "rtmp://h.example/app live_123456_abcdefgh", 1.0)
    tiktok = Destination(name="tiktok", server=SERVER, key=KEY)

    def refused() -> list[str]:
        return [one.name for one in KeyStore(tmp_path).credentials(CONFIG) if one.is_refused]

    keys.arm((tiktok,))
    keys.disarm(refused=("tiktok",))
    assert refused() == ["tiktok"]
    keys.arm((Destination(name="twitch", server="rtmp://h.example/app", key="live_123456_abcdefgh"),))
    keys.disarm(was_on_air=True)
    assert refused() == ["tiktok"], "another destination's live says nothing of it"
    take(keys, CONFIG, "tiktok", KEY.replace("c43f", "c440"), 1.0)
    assert refused() == []
    take(keys, CONFIG, "tiktok", KEY, 1.0)
    assert refused() == ["tiktok"]
    assert KEY not in (tmp_path / "keys" / "refused.json").read_text()
    keys.arm((tiktok,))
    keys.disarm(was_on_air=True)
    assert refused() == []


def test_a_key_that_was_used_is_told_from_a_new_one(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    take(keys, CONFIG, "tiktok", f"{SERVER} {KEY}", 1.0)
    take(keys, CONFIG, "twitch", "rtmp://h.example/app live_123456_abcdefgh", 1.0)
    used = (
        Destination(name="tiktok", server=SERVER, key=KEY),
        Destination(name="twitch", server="rtmp://h.example/app", key="live_123456_abcdefgh"),
    )
    keys.arm(used)
    keys.disarm(was_on_air=False)
    assert not keys.kept("tiktok").is_used
    keys.arm(used)
    keys.disarm(was_on_air=True)
    assert keys.armed() == ()
    assert KeyStore(tmp_path).kept("tiktok").is_used
    again = take(keys, CONFIG, "tiktok", KEY, 1.0)
    assert again["hint-code"] == "key-used"
    assert "new one each LIVE" in str(again["hint"])
    # Twitch's key stays good.
    assert take(keys, CONFIG, "twitch", "live_123456_abcdefgh", 1.0)["hint-code"] == "same-key"
    assert "hint" not in take(keys, CONFIG, "tiktok", KEY.replace("c43f", "c440"), 1.0)
    assert not keys.kept("tiktok").is_used
    kept = (tmp_path / "keys" / "ended.json").read_text()
    assert "stream-" not in kept
    assert stat.S_IMODE((tmp_path / "keys" / "ended.json").stat().st_mode) == 0o600


def test_forgetting(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    assert not keys.forget("tiktok")
    keys.keep("tiktok", Pasted(SERVER, KEY))
    keys.arm((Destination(name="tiktok", server=SERVER, key=KEY),))
    keys.disarm(was_on_air=True)
    assert keys.forget("tiktok")
    assert (keys.kept("tiktok").key, keys.kept("tiktok").server) == ("", "")
    left = b"".join(file.read_bytes() for file in (tmp_path / "keys").rglob("*") if file.is_file())
    assert b"stream-" not in left
    assert not keys.is_used("tiktok", KEY)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(KEYS)
def test_a_key_is_kept_byte_for_byte_and_never_told(tmp_path: Path, key: str) -> None:
    keys = KeyStore(tmp_path)
    said = str(take(keys, CONFIG, "tiktok", f"Key: {key}\nURL: {SERVER}", 1.0)) + repr(keys.kept("tiktok"))
    assert keys.kept("tiktok").key == key
    assert key not in said
    # Four characters are told, of a long key; the first eight of one never.
    assert key[:8] not in said or key.startswith(SERVER[:8])


def test_ages() -> None:
    assert freshness(expires_at=0, is_used=False, one_live=True, now=9e9) is None
    assert freshness(expires_at=0, is_used=True, one_live=False, now=0) is None
    assert freshness(expires_at=5, is_used=True, one_live=True, now=5) is EXPIRED


@pytest.mark.parametrize(
    "typed", [KEY, "live_123456_abcdefgh", "rtmp:/h.example/app", "rtmp://push.tiktokcdn.com", f"rtmp://{KEY}"]
)
def test_what_does_not_belong_into_the_server_field(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked_server(typed)
    assert caught.value.code == "paste-typo"
    assert "sign" not in f"{caught.value}{caught.value.facts}"


def test_a_server_field() -> None:
    assert checked_server(f"  {SERVER}/ ") == SERVER


def test_the_server_of_a_card() -> None:
    twitch = "rtmps://ingest.global-contribute.live-video.net/app"
    assert server_for(None, "twitch", "") == twitch
    assert server_for(None, "twitch", "rtmp://h/app") is None
    assert server_for("rtmp://own.example/app/", "twitch", "") == "rtmp://own.example/app"
    assert server_for("", "twitch", "rtmp://h/app") == ""
    for platform in ("tiktok", "custom", None):
        assert server_for(None, platform, "") is None
    with pytest.raises(Invalid, match=r"rtmp://a\.rtmp\.youtube\.com/live2"):
        server_for("rtmp:/a.rtmp.youtube.com/live2", "youtube", "")


def test_a_card_is_kept(tmp_path: Path) -> None:
    async def test() -> None:
        settings = PanelSettings(load_settings(tmp_path / "box.toml"))
        await settings.set_destination(SetDestination(name="second", platform="twitch"))
        with pytest.raises(Invalid) as caught:
            await settings.set_destination(SetDestination(name="second", server=f"{SERVER}/{KEY}"))
        assert "sign" not in f"{caught.value}{caught.value.facts}"
        again = load_settings(tmp_path / "box.toml").config.destination["second"]
        assert (again.platform, again.server) == ("twitch", "rtmps://ingest.global-contribute.live-video.net/app")
        await settings.remove_destination("second")
        assert "second" not in load_settings(tmp_path / "box.toml").config.destination

    (tmp_path / "box.toml").write_text(f'state-dir = "{tmp_path}"\n')
    asyncio.run(test())


NO_KEYS = [
    "@maya",
    "hunter2",
    "hunter2hunter2",
    "password",
    "Passw0rd!",
    "maya_lopez",
    "12345678",
    "+34600123456",
    "hello",
]
OWN = "rtmp://192.168.1.7:1935/live"


@pytest.mark.parametrize("text", NO_KEYS)
@pytest.mark.parametrize("server", [SERVER, "", OWN])
def test_what_is_no_key_never_takes_a_keys_place(tmp_path: Path, text: str, server: str) -> None:
    keys = KeyStore(tmp_path)
    take(keys, CONFIG, "tiktok", f"{server} {KEY}", 1.0)
    for pasted in (text, f"{SERVER} @{text}"):
        with pytest.raises(Invalid) if pasted == text else suppress(Invalid):
            take(keys, CONFIG, "tiktok", pasted, 1.0)
        assert keys.kept("tiktok").key == KEY


@pytest.mark.parametrize("text", ["@maya", "hunter2", "password", "hello"])
def test_a_platforms_server_beside_it_makes_no_key_of_a_word(tmp_path: Path, text: str) -> None:
    keys = KeyStore(tmp_path)
    take(keys, CONFIG, "tiktok", f"{SERVER} {KEY}", 1.0)
    with suppress(Invalid):
        take(keys, CONFIG, "tiktok", f"{SERVER}\n{text}", 1.0)
    assert keys.kept("tiktok").key == KEY


def test_an_own_server_takes_any_key_that_comes_with_it(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    take(keys, CONFIG, "tiktok", f"{OWN} hello", 1.0)
    assert keys.kept("tiktok").key == "hello"
    take(keys, CONFIG, "tiktok", "key-over-lan", 1.0)
    assert keys.kept("tiktok").key == "key-over-lan"


TWITCH_KEY = "live_123456789_aBcDeF0123"


@pytest.mark.parametrize(
    ("text", "here", "belongs", "at"),
    [
        (TWITCH_KEY, "tiktok", "twitch", "twitch"),
        ("rtmps://ingest.global-contribute.live-video.net/app", "tiktok", "twitch", "twitch"),
        (f"rtmp://live.twitch.tv/app/{TWITCH_KEY}", "tiktok", "twitch", "twitch"),
        ("abcd-efgh-ijkl-mnop-qrst", "tiktok", "youtube", "youtube"),
        ("rtmp://a.rtmp.youtube.com/live2 abcd-efgh-ijkl-mnop", "twitch", "youtube", "youtube"),
        (f"{SERVER} {KEY}", "twitch", "tiktok", "tiktok"),
        (KEY, "second", "tiktok", "tiktok"),
    ],
)
def test_what_is_another_platforms_is_offered_there(
    tmp_path: Path, text: str, here: str, belongs: str, at: str
) -> None:
    config = Config(
        destination={
            "tiktok": DestinationConfig(),
            "twitch": DestinationConfig(),
            "second": DestinationConfig(platform="youtube"),
        }
    )
    at = "second" if at == "youtube" else at
    keys = KeyStore(tmp_path)
    with pytest.raises(Invalid) as caught:
        take(keys, config, here, text, 1.0)
    facts = caught.value.facts
    assert (caught.value.code, facts["platform"], facts["destination"]) == ("paste-elsewhere", belongs, at)
    assert keys.kept(here).key == keys.kept(here).server == ""
    assert take(keys, config, at, text, 1.0)["took-key"] == bool(keys.kept(at).key)


def test_an_own_server_may_want_keys_of_any_form(tmp_path: Path) -> None:
    for name in ("tiktok", "own"):
        config = Config(destination={"tiktok": DestinationConfig(), "own": DestinationConfig()})
        assert take(KeyStore(tmp_path), config, name, f"{OWN} {TWITCH_KEY}", 1.0)["took-key"]
