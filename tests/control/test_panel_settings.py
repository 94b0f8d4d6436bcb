"""Settings through the API: checked as box.toml is, written whole, in use at once, and never a reason to stop."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import Invalid
from appliance.model.plan import LOOKS
from appliance.settings import layers
from appliance.settings.checks import check_known, check_setting, is_owners
from appliance.settings.layers import SettingsLayer, join
from appliance.settings.listing import rows
from appliance.settings.panel_file import panel_text, put_aside, read_backup, read_panel, write_panel
from tests.control.whole_control import PASTE, box, place, setting
from tests.fakes.engine import fake_engine

__all__ = ["place"]

words = st.text(st.characters(codec="utf-8"), max_size=12)


def panel_of(place: Path) -> str:
    file = place / "state" / "panel.toml"
    return file.read_text() if file.exists() else ""


async def test_a_setting_is_used_at_once_kept_and_reset(place: Path) -> None:
    async with fake_engine(place) as engine:
        async with box(place, "[encoder]\nbitrate-kbps = 3000\n") as it:
            await engine.until(lambda p: p.encoder.bitrate_kbps == 3000)
            status, body = await it.do({"do": "set-setting", "path": "encoder.bitrate-kbps", "value": 2500})
            assert (status, body["needs"]) == (200, "now")
            await engine.until(lambda p: p.encoder.bitrate_kbps == 2500)
            row = await setting(it, "encoder.bitrate-kbps")
            assert (row["value"], row["source"], row["default"]) == (2500, "panel.toml", 3000)
        async with box(place) as it:
            await engine.until(lambda p: p.encoder.bitrate_kbps == 2500)
            assert (await it.do({"do": "set-setting", "path": "encoder.bitrate-kbps", "value": None}))[0] == 200
            await engine.until(lambda p: p.encoder.bitrate_kbps == 3000)
            row = await setting(it, "encoder.bitrate-kbps")
            assert (row["value"], row["source"], row["min"], row["max"]) == (3000, "box.toml", 500, 20000)
            assert "bitrate" not in panel_of(place)


@pytest.mark.parametrize(
    ("path", "value", "status", "sentence"),
    [
        ("picture.fps", 45, 422, "picture.fps: must be 24, 25, 30, 50 or 60, you wrote 45"),
        ("picture.fps", "30", 422, 'picture.fps: must be 24, 25, 30, 50 or 60, you wrote "30"'),
        ("picture.fsp", 30, 422, 'picture.fsp: is not a setting. Did you mean "fps"?'),
        ("picture.fsp", None, 422, 'picture.fsp: is not a setting. Did you mean "fps"?'),
        ("picture", 30, 422, "picture: must be a table, written as [picture], you wrote 30"),
        ("picture.size", "721x1280", 422, 'picture.size: must have even sides, you wrote "721x1280"'),
        (
            "time-zone",
            "Mars/Olympus",
            422,
            'time-zone: must be a time zone such as "Europe/Madrid", you wrote "Mars/Olympus"',
        ),
        ("time-zone", "../../etc/passwd", 422, "time-zone: must be empty for"),
        ("slate.owner-name", "a\nb", 422, "slate.owner-name: must be one line of text"),
        ("destination.nowhere.enabled", True, 422, "There is no such destination. There are: tiktok."),
        ("destination.tiktok.key", "s3cret-key", 422, "destination.tiktok.key: keys are never written here"),
        ("destination.tiktok.key-file", "/etc/shadow", 409, "destination.tiktok.key-file guards the box itself"),
        ("record.directory", "/", 409, "record.directory guards the box itself"),
        ("panel.names", ["evil.example"], 409, "panel.names guards the box itself"),
        ("state-dir", "/tmp", 409, "state-dir guards the box itself"),
        ("", 1, 422, ": is not a setting."),
        ("." * 50, 1, 422, ": is not a setting."),
        ("panel\u2028.x", 1, 422, "panel\\u2028: is not a setting."),
    ],
)
async def test_what_is_wrong_is_named_and_changes_nothing(
    place: Path, path: str, value: Any, status: int, sentence: str
) -> None:
    async with box(place) as it:
        answered, body = await it.do({"do": "set-setting", "path": path, "value": value})
        assert (answered, body["text"][: len(sentence)]) == (status, sentence)
        assert "s3cret" not in json.dumps(body)
        assert panel_of(place) == ""


async def test_every_setting_is_listed_with_what_the_page_needs(place: Path) -> None:
    async with box(place) as it:
        await it.do({"do": "set-destination", "name": "twitch", "server": "rtmp://live.example/app?auth=s3cret"})
        _, every = await it.get("/api/settings")
        by_path = {row["path"]: row for row in every}
        assert [one["value"] for one in by_path["picture.look"]["options"]] == list(LOOKS)
        assert by_path["picture.size"]["needs"] == "after-live"
        assert by_path["panel.tls"]["needs"] == "restart"
        assert not by_path["state-dir"]["settable"]
        assert by_path["destination.twitch.server"]["value"] == "rtmp://live.example/app?<hidden>"
        assert by_path["destination.twitch.server"]["label"] == "Server URL"
        assert by_path["audio.gains.mic"] == {
            "path": "audio.gains.mic", "value": 0, "source": "default", "default": 0, "type": "int",
            "needs": "now", "group": "audio", "group-label": "Sound", "hint": "",
            "label": "Loudness of the microphone (dB)", "options": None,
            "min": -60, "max": 20, "advanced": False, "settable": True,
        }  # fmt: skip
        assert "s3cret" not in json.dumps(every)
        _, spanish = await it.get("/api/settings?lang=es-MX")
        labels = {row["path"]: (row["group-label"], row["label"]) for row in spanish}
        assert labels["audio.gains.mic"] == ("Sonido", "Volumen del micrófono (dB)")
        await it.do({"do": "set-setting", "path": "language", "value": "es"})
        assert (await it.get("/api/settings"))[1] == (await it.get("/api/settings?lang=es"))[1]


async def test_a_backup_restores_what_was_set_and_holds_no_secret(place: Path) -> None:
    async with fake_engine(place) as engine, box(place) as it:
        await it.do(PASTE)
        for path, value in (
            ("picture.look", "fill"),
            ("slate.owner-name", 'Zoë "☃" \x7e'),
            ("chat.handle", "@zoe"),
        ):
            assert (await it.do({"do": "set-setting", "path": path, "value": value}))[0] == 200
        await it.do({"do": "set-destination", "name": "yt", "preset": "youtube", "server": "rtmp://a/b?k=s3cret"})
        status, body = await it.get("/api/settings/backup")
        text = body.decode()
        assert status == 200
        assert "s3cret" not in text
        assert "sign=" not in text
        kept = tomllib.loads(text)
        assert (kept["picture"]["look"], kept["destination"]["yt"]["preset"]) == ("fill", "youtube")
        await it.do({"do": "set-look", "look": "full"})
        status, body = await it.do({"do": "restore-settings", "text": text})
        assert (status, body["settings"]) == (200, 5)
        await engine.until(lambda p: p.picture.look == "fill")
        before = panel_of(place)
        for wrong, expected in (
            ("[", 422), ("picture.fps = 1", 422), ('state-dir = "/"', 409), ("\x00", 422),
            ("a = " + "[" * 999, 422),
        ):  # fmt: skip
            assert (await it.do({"do": "restore-settings", "text": wrong}))[0] == expected
        assert panel_of(place) == before


async def test_a_rotten_file_is_put_aside_and_said(place: Path) -> None:
    state = place / "state"
    state.mkdir()
    for number in (1, 2):
        (state / "panel.toml").write_text("picture.fps = 7\n")
        async with box(place) as it:
            now = await it.until(lambda _: True)
            (problem,) = [p for p in now["problems"] if p["code"] == "panel-settings-broken"]
            assert problem["facts"]["file"] == f"panel.toml.broken-{number}"
            assert "picture.fps: must be" in problem["text"]
            assert (state / f"panel.toml.broken-{number}").read_text() == "picture.fps = 7\n"
            assert not (state / "panel.toml").exists()
            assert (await it.do({"do": "set-look", "look": "full"}))[0] == 200
            await it.until(lambda s: "panel-settings-broken" not in {p["code"] for p in s["problems"]})


async def test_what_a_newer_version_set_is_kept_and_said(place: Path) -> None:
    state = place / "state"
    state.mkdir()
    (state / "panel.toml").write_text(
        'picture.look = "full"\npicture.sparkle = 3\n'
        '[hologram]\nsince = 2031-05-06T07:08:09Z\n"odd key" = [{a = 1.5}]\n'
    )
    newer = tomllib.loads(panel_of(place))
    async with fake_engine(place) as engine, box(place) as it:
        await engine.until(lambda p: p.picture.look == "full")
        now = await it.until(lambda _: True)
        paths = {p["facts"]["path"] for p in now["problems"] if p["code"] == "setting-unknown"}
        assert paths == {"picture.sparkle", "hologram"}
        assert (await it.do({"do": "set-look", "look": "fill"}))[0] == 200
        assert tomllib.loads(panel_of(place)) == {**newer, "picture": {"look": "fill", "sparkle": 3}}
        assert (await it.do({"do": "set-setting", "path": "picture.sparkle", "value": None}))[0] == 200
        assert tomllib.loads(panel_of(place)) == {**newer, "picture": {"look": "fill"}}


async def test_a_directory_in_the_way_is_kept_aside(place: Path) -> None:
    async with box(place) as it:
        (place / "state" / "panel.toml").mkdir()
        (place / "state" / "panel.toml" / "theirs").touch()
        assert (await it.do({"do": "set-look", "look": "full"}))[0] == 200
        assert (await it.until(lambda _: True))["look"] == "full"
    assert tomllib.loads(panel_of(place)) == {"picture": {"look": "full"}}
    assert (place / "state" / "panel.toml.aside-1" / "theirs").exists()


def test_a_broken_file_that_cannot_be_moved_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "panel.toml").write_text("[")
    for number in range(1, 10):
        (tmp_path / f"panel.toml.broken-{number}").mkdir()
    (tmp_path / "panel.toml.broken-9" / "x").touch()
    assert [note.code for note in put_aside(tmp_path)] == ["panel-settings-broken"]


@given(
    st.dictionaries(
        st.sampled_from(("slate.owner-name", "mqtt.user")), st.text(st.characters(codec="utf-8"), max_size=20)
    )
)
def test_text_of_any_kind_comes_back(values: dict[str, str]) -> None:
    good = {}
    for path, value in values.items():
        try:
            good[path] = check_setting(path, value)
        except Invalid:
            assert any(ord(c) < 32 or ord(c) == 127 for c in value)
    assert read_backup(panel_text(good)) == (good, {})


toml_values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | words | st.datetimes() | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@example({"new": {"key\n": 1}, "new\n": 2})
@given(st.dictionaries(words.map(lambda key: "new " + key), toml_values, max_size=4))
def test_unknown_settings_of_any_kind_are_written_back(table: dict[str, Any]) -> None:
    values, strange = check_known(table, "x")
    assert values == {}
    assert tomllib.loads(panel_text({}, strange)) == table


def test_writing_leaves_the_file_or_the_one_before(tmp_path: Path) -> None:
    write_panel(tmp_path, {"picture.fps": 60}, {("x", "y z"): [1]})
    panel = read_panel(tmp_path)
    assert (panel.values, panel.strange, panel.is_broken) == ({"picture.fps": 60}, {("x",): {"y z": [1]}}, False)


@pytest.mark.parametrize("value", ["x" * 5000, ["y"] * 3000, 1 << 20_000], ids=["text", "list", "number"])
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, value: Any) -> None:
    write_panel(tmp_path, {"picture.fps": 60})
    with pytest.raises(Invalid, match="too long to be kept"):
        write_panel(tmp_path, {"picture.fps": 50}, {("new",): value})
    panel = read_panel(tmp_path)
    assert (panel.values, panel.is_broken) == ({"picture.fps": 60}, False)


def test_a_number_too_long_for_decimals_is_written_back(tmp_path: Path) -> None:
    write_panel(tmp_path, {}, {("new",): 1 << 15_000})
    assert read_panel(tmp_path).strange == {("new",): 1 << 15_000}


async def test_the_longest_text_is_kept(place: Path) -> None:
    text = '"\\' * 127 + "x"
    async with box(place) as it:
        assert (await it.do({"do": "set-setting", "path": "slate.owner-name", "value": text}))[0] == 200
        assert (await it.do({"do": "set-setting", "path": "slate.owner-name", "value": text + "x"}))[0] == 422
    async with box(place) as it:
        assert (await setting(it, "slate.owner-name"))["value"] == text


def test_rows_are_the_settings_and_their_ranges_are_what_is_checked() -> None:
    every = rows(join((SettingsLayer("box.toml", {"destination.x.server": "rtmp://h/a"}),)))
    assert [row.path for row in every] == [
        path for path, _ in layers.flat(join((SettingsLayer("b", {"destination.x.server": "rtmp://h/a"}),)).config)
    ]
    for row in every:
        for choice in row.options or ():
            assert check_setting(row.path, choice.value) == choice.value
        for edge, beyond in ((row.min, -1), (row.max, 1)):
            if edge is not None:
                assert check_setting(row.path, edge) == edge
                with pytest.raises(Invalid):
                    check_setting(row.path, edge + beyond)
        assert row.settable != is_owners(row.path)


async def test_a_backup_without_a_setting_asks_and_a_trial_says_what_would_change(place: Path) -> None:
    async with fake_engine(place), box(place) as it:
        await it.do({"do": "set-setting", "path": "picture.look", "value": "fill"})
        before = panel_of(place)
        for foreign in ("", "# nothing\n", '[tool.other]\nname = "x"\n'):
            status, body = await it.do({"do": "restore-settings", "text": foreign})
            assert (status, body["code"]) == (409, "backup-empty")
            status, body = await it.do({"do": "restore-settings", "text": foreign, "trial": True})
            assert (status, body["settings"], body["changes"]) == (200, 0, "Look: Fill \u2192 Blur")
        text = 'picture.look = "split"\nlanguage = "es"\n'
        status, body = await it.do({"do": "restore-settings", "text": text, "trial": True})
        assert (status, body["changed"]) == (200, 2)
        assert body["changes"].splitlines() == ["Language of the box: en \u2192 es", "Look: Fill \u2192 Split"]
        assert panel_of(place) == before
        assert (await it.do({"do": "restore-settings", "text": "", "sure": True}))[0] == 200
        assert "look" not in panel_of(place)
