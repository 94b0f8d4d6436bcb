"""box.toml in, Config or one exact line out."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli import main
from appliance.errors import Invalid
from appliance.model.config import Config, DestinationConfig
from appliance.settings import layers
from appliance.settings.checks import check_layer
from appliance.settings.panel_file import write_panel
from appliance.settings.toml import toml_value

DEVICES = '"auto", "test", "test:1920x1080@60" (or @30, @20) or a device such as "/dev/video0"'


def written(tmp_path: Path, text: str, name: str = "box.toml") -> Path:
    file = tmp_path / name
    file.write_text(f'state-dir = "{tmp_path}/state"\n{text}')
    return file


def fault(text: str, tmp_path: Path) -> str:
    with pytest.raises(Invalid) as caught:
        layers.load(written(tmp_path, text))
    return str(caught.value)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    loaded = layers.load(written(tmp_path, ""))
    assert loaded.config == msgspec.structs.replace(Config(), state_dir=f"{tmp_path}/state")
    assert loaded.sources["picture.fps"] == "default"
    assert loaded.sources["state-dir"] == "box.toml"


def test_every_key_of_the_contract_is_accepted(tmp_path: Path) -> None:
    every = "\n".join(
        line.split("  # ")[0] for line in layers.explain(layers.join(())).splitlines() if "state-dir" not in line
    )
    assert layers.load(written(tmp_path, every)).config.panel == Config().panel


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60])
def test_console_rates(tmp_path: Path, fps: int) -> None:
    assert layers.load(written(tmp_path, f"[picture]\nfps = {fps}")).config.picture.fps == fps


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[picture]\nfps = 45", "picture.fps: must be 24, 25, 30, 50 or 60, you wrote 45"),
        ("[picture]\nfps = 30.0", "picture.fps: must be 24, 25, 30, 50 or 60, you wrote 30.0"),
        ("[picture]\nfps = true", "picture.fps: must be 24, 25, 30, 50 or 60, you wrote true"),
        ('[picture]\nlook = "blurr"', 'picture.look: must be "blur", "fill", "full" or "split", you wrote "blurr"'),
        ('[picture]\nsize = "721x1280"', 'picture.size: must have even sides, you wrote "721x1280"'),
        ('[picture]\nsize = "158x200"', 'picture.size: must be a size from 160x160 to 1920x1920, you wrote "158x200"'),
        ('[picture]\nsize = "1080p"', 'picture.size: must be a size such as "720x1280", you wrote "1080p"'),
        ('[panel]\nport = "80"', 'panel.port: must be a whole number without quotes, you wrote "80"'),
        ("[panel]\nport = 65536", "panel.port: must be from 0 to 65535, you wrote 65536"),
        ('[panel]\nnames = "x"', 'panel.names: must be a list of names such as ["plugcast.lan"], you wrote "x"'),
        ("[encoder]\nbitrate-kbps = 100", "encoder.bitrate-kbps: must be from 500 to 20000, you wrote 100"),
        ("[encoder]\nbitrate_kbps = 900", 'encoder.bitrate_kbps: is not a setting. Did you mean "bitrate-kbps"?'),
        ("fps = 30", 'fps: is not a setting here. Did you mean "picture.fps"?'),
        ("picture = 3", "picture: must be a table, written as [picture], you wrote 3"),
        ('[record]\nenabled = "yes"', 'record.enabled: must be true or false, you wrote "yes"'),
        ('[destination."my server"]', "destination.my server: must be a name of small letters, digits and hyphens"),
        ('[capture]\ndevice = "/dev/"', f'capture.device: must be {DEVICES}, you wrote "/dev/"'),
        ('[capture]\ndevice = "test:640x360@25"', f'capture.device: must be {DEVICES}, you wrote "test:640x360@25"'),
        ('[capture]\ndevice = "test:641x360@30"', 'capture.device: must have even sides, you wrote "641x360"'),
        (
            '[capture]\ndevice = "test:99999x360@30"',
            'capture.device: must be a size from 160x160 to 3840x2160, you wrote "99999x360"',
        ),
        ('run-dir = ""', "run-dir: must not be empty"),
        ('panel.names = ["a b"]', 'panel.names: must hold host names, you wrote "a b"'),
        ("panel.names = 3", 'panel.names: must be a list of names such as ["plugcast.lan"], you wrote 3'),
        (f"panel.names = {['a'] * 65}", "panel.names: must be at most 64 of them"),
        (
            'moderation.words = ["ok", "a\\nb"]',
            'moderation.words: must hold words of at most 100 characters, you wrote "a\\nb"',
        ),
        (
            "moderation.hidden-platforms = 3",
            'moderation.hidden-platforms: must be a list of platforms such as ["twitch"], you wrote 3',
        ),
        (
            'moderation.hidden-platforms = ["twitch", "x"]',
            'moderation.hidden-platforms: must be "custom", "tiktok", "twitch" or "youtube", you wrote "x"',
        ),
        ("moderation.words = true", 'moderation.words: must be a list of words such as ["spoiler"], you wrote true'),
        (f"moderation.words = {['a'] * 501}", "moderation.words: must be at most 500 of them"),
        (f'run-dir = "/{"r" * 90}"', "run-dir: must be at most 80 bytes long: the kernel limits the names of sockets"),
        ("a = ", "line 2, column 5: invalid value"),
        ('b = "x', "line 2, column 7: unterminated string"),
        ("[picture]\nfps = 30\nfps = 30", 'line 4, column 9: "fps" is set twice, first in line 3; delete one of them'),
    ],
)  # fmt: skip
def test_faults_name_the_path_and_what_was_written(tmp_path: Path, text: str, sentence: str) -> None:
    assert fault(text, tmp_path) == f"box.toml: {sentence}"


@pytest.mark.parametrize(
    "text",
    [
        '[destination.tiktok]\nkey = "stream-1?sign=SECRET"',
        '[destination.tiktok]\nserver = "rtmp://host/app/stream-1?sign=SECRET"',
        '[destination.tiktok]\nserver = "SECRET"',
        '[destination.tiktok]\nserver = "rtmp:///SECRET"',
    ],
)
def test_a_key_in_the_wrong_place_is_never_repeated(tmp_path: Path, text: str) -> None:
    sentence = fault(text, tmp_path)
    assert sentence.startswith("box.toml: destination.tiktok.")
    assert "SECRET" not in sentence


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.toml: cannot be read: no such file"):
        layers.load(tmp_path / "none.toml")
    with pytest.raises(Invalid, match="is a directory"):
        layers.load(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"a = '\xff'")
    with pytest.raises(Invalid, match=r"binary\.toml: is not UTF-8 text \(byte 6\)"):
        layers.load(binary)


def test_layers_win_in_order_and_sources_are_kept(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    write_panel(state, {"picture.look": "fill", "slate.owner-name": "Ana"})
    loaded = layers.load(written(tmp_path, '[picture]\nlook = "full"\nfps = 60'))
    loaded = loaded.with_profile("pi4", {"picture.fps": 50, "picture.size": "640x360"})
    picture = loaded.config.picture
    assert (picture.look, picture.fps, picture.size) == ("fill", 60, "640x360")
    assert loaded.config.slate.owner_name == "Ana"
    assert [loaded.sources[f"picture.{key}"] for key in ("look", "fps", "size")] == [
        "panel.toml", "box.toml", "hw-profile pi4",
    ]  # fmt: skip
    assert loaded.with_profile("n100", {}).config.picture.size == "720x1280"


@pytest.mark.parametrize("rotten", ["picture.fps = 1", "picture.fps = ", "\x00", "picture = 3", "[", "a = 1\na = 2"])
def test_a_rotten_panel_toml_is_said_and_stops_nobody(tmp_path: Path, rotten: str) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "panel.toml").write_text(rotten)
    loaded = layers.load(written(tmp_path, "[picture]\nfps = 60"))
    assert loaded.config.picture.fps == 60
    assert loaded.is_broken
    assert [note.code for note in loaded.notes] == ["panel-settings-broken"]
    assert str(loaded.notes[0].facts["reason"]).startswith("panel.toml: ")


def test_further_destinations_leave_tiktok_alone(tmp_path: Path) -> None:
    config = layers.load(written(tmp_path, '[destination.twitch]\nserver = "rtmp://t/app"')).config
    assert config.destination["twitch"] == DestinationConfig(server="rtmp://t/app")
    assert config.destination["tiktok"] == DestinationConfig()


def test_features_of_later_versions_are_named_not_refused(tmp_path: Path) -> None:
    text = '[facecam]\ndevice = "csi"\n[screen]\ncard = "/dev/dri/c"'
    config = layers.load(written(tmp_path, text)).config
    assert {problem.facts["path"] for problem in layers.not_built_yet(config)} == {
        "facecam.device", "screen.card",
    }  # fmt: skip
    assert layers.not_built_yet(Config()) == ()


def test_check_prints_the_merged_config_with_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, '[picture]\nfps = 60\n[destination.tiktok]\nserver = "rtmp://host/app?pass=SECRET"')
    assert main(["check", str(file)]) == 0
    shown = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "fps = 60 # box.toml" in lines
    assert 'size = "720x1280" # default' in lines
    assert "SECRET" not in shown


def test_check_ends_2_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(written(tmp_path, "[picture]\nfps = 1"))]) == 2
    assert capsys.readouterr().err == "box.toml: picture.fps: must be 24, 25, 30, 50 or 60, you wrote 1\n"


def test_check_names_a_key_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(written(tmp_path, '[destination.tiktok]\nkey-file = "/none"'))]) == 2
    assert capsys.readouterr().err == (
        'box.toml: destination.tiktok.key-file: "/none" cannot be read: no such file or directory\n'
    )


def test_check_imports_no_media_library(tmp_path: Path) -> None:
    code = (
        "import sys; from appliance.cli import main; main(['check', sys.argv[1]]); "
        "sys.exit(bool({'av', 'numpy', 'aiohttp', 'linuxpy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(written(tmp_path, ""))]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


toml_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
known_keys = st.sampled_from([*(path.partition(".")[0] for path, _ in layers.flat(Config())), "nonsense"])


@given(st.dictionaries(known_keys, toml_values, max_size=3))
def test_any_table_is_a_config_or_one_line(table: dict[str, object]) -> None:
    try:
        values = check_layer(table, "box.toml")
    except Invalid as error:
        line = str(error)
    else:
        line = "box.toml: fine"
        layers.join((layers.SettingsLayer("box.toml", values),))
    assert line.startswith("box.toml: ")
    assert len(line.splitlines()) == 1


@given(st.text(max_size=40))
def test_panel_toml_reads_back_what_was_written(text: str) -> None:
    written_value = toml_value(text)
    assert tomllib.loads(f"a = {written_value}")["a"] == text


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"a = " + b"[" * 3000, "its lists or tables are nested too deep"),
        (b"a = " + b"{a=" * 1000, "its lists or tables are nested too deep"),
        (b"[panel]\nport = 0x" + b"f" * 4000, "panel.port: must be from 0 to 65535, you wrote a huge number"),
        (b"[panel]\nlisten = 0x" + b"f" * 4000, "panel.listen: must be text in quotes, you wrote a huge number"),
        (b"a" + b".a" * 2048 + b" = 1", "line 1 is longer than 4096 characters"),
        (b"# comment\n" * 30_000, "is larger than 256 KB, so it is no file of settings"),
        (b'[capture]\ndevice = "/dev/\\u0000"', "capture.device: must be"),
        (b'[capture]\naudio = "hw:0\\n"', "capture.audio: must be"),
        (b'[panel]\nnames = ["a\\n"]', "panel.names: must hold host names"),
        ("[destination.t]\nserver = 'rtmp://h:\u0661\u0662/app'".encode(), "destination.t.server: must name a host"),
    ],
)
def test_a_hostile_file_is_one_line(tmp_path: Path, body: bytes, sentence: str) -> None:
    (tmp_path / "box.toml").write_bytes(body)
    with pytest.raises(Invalid) as caught:
        layers.load(tmp_path / "box.toml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_key_file_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    layers.check_files(layers.load(written(tmp_path, '[destination.tiktok]\nkey-file = "/dev/zero"')))


def test_words_of_the_chat_are_words_in_any_script_not_host_names(tmp_path: Path) -> None:
    words = ["dos palabras", "ñandú", "مزعج", "x" * 100, *(f"word {number}" for number in range(90))]
    config = layers.load(written(tmp_path, f"moderation.words = {words}")).config
    assert config.moderation.words == tuple(words)
