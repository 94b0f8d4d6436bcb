"""A state directory of the one user of all roles is given to the roles' own users, wherever a power cut stops that."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from appliance.model.config import Config, DestinationConfig, MqttConfig, RecordConfig, SignInConfig
from appliance.supervisor.adopt import Owner, Users, adopt
from tests.supervisor.power_cut import PLUG, PowerCut

FORMER, READERS = 61_001, 61_002
CONTROL, ENGINE = (61_003, 61_004), (61_005, READERS)
OLD = (FORMER, READERS)
USERS = Users(FORMER, Owner(*CONTROL), Owner(*ENGINE), READERS)
# Every path of a box of 0.1.0, and to whom it belongs afterwards, with which rights.
AFTER = {
    "state": ((CONTROL[0], READERS), 0o710),
    "state/panel.toml": (CONTROL, 0o600),
    "state/keys": (CONTROL, 0o700),
    "state/keys/tiktok.json": (CONTROL, 0o600),
    "state/keys/pasted": (CONTROL, 0o700),
    "state/keys/pasted/tiktok.json": (CONTROL, 0o600),
    "state/access": (CONTROL, 0o700),
    "state/access/sessions.json": (CONTROL, 0o600),
    "state/recordings": (ENGINE, 0o750),
    "state/recordings/2026-01-02 03-04-05.mp4": (ENGINE, 0o640),
    "state/recordings/2026-01-02 04-00-00.mp4.part": (ENGINE, 0o640),
    "disk": (ENGINE, 0o750),
    "disk/2026-01-02 05-00-00.mp4": (ENGINE, 0o640),
    "etc/key": (CONTROL, 0o600),
    "etc/password": (CONTROL, 0o600),
    "etc/secret": (CONTROL, 0o600),
    "etc/server.pem": (ENGINE, 0o640),
    "etc/broker.pem": (ENGINE, 0o640),
    # What only seems to be there, or has another name elsewhere, is not ours to give.
    "etc": (OLD, 0o700),
    "etc/box.toml": (OLD, 0o600),
    "state/keys/link": (OLD, 0o777),
    "state/linked.json": (OLD, 0o600),
    "state/fifo": (OLD, 0o600),
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def old_box(place: Path) -> Config:
    """What 0.1.0 leaves behind."""
    for name, (_, mode) in sorted(AFTER.items()):
        one = place / name
        if mode & 0o100 and mode != 0o777:
            one.mkdir(mode=0o700)
        elif one.name == "link":
            one.symlink_to(place / "etc" / "box.toml")
        elif one.name == "fifo":
            os.mkfifo(one, 0o600)
        elif one.name == "linked.json":
            one.hardlink_to(place / "etc" / "box.toml")
        else:
            one.write_text(name)
            one.chmod(0o600)
        os.chown(one, *OLD, follow_symlinks=False)
    etc = place / "etc"
    return Config(
        state_dir=str(place / "state"),
        record=RecordConfig(directory=str(place / "disk")),
        destination={"twitch": DestinationConfig(key_file=str(etc / "key"), ca_file=str(etc / "server.pem"))},
        mqtt=MqttConfig(password_file=str(etc / "password"), ca_file=str(etc / "broker.pem")),
        sign_in=SignInConfig(client_secret_file=str(etc / "secret")),
    )


def found(place: Path) -> dict[str, tuple[tuple[int, int], int]]:
    """Every path with its owner and rights."""
    seen = {}
    for one in place.rglob("*"):
        status = one.lstat()
        seen[str(one.relative_to(place))] = ((status.st_uid, status.st_gid), stat.S_IMODE(status.st_mode))
    return seen


def test_each_role_gets_its_own_and_nothing_else_changes_hands(tmp_path: Path) -> None:
    config = old_box(tmp_path)
    assert adopt(config, USERS) == sum(owner != OLD for owner, _ in AFTER.values())
    assert found(tmp_path) == AFTER
    assert adopt(config, USERS) == 0
    assert found(tmp_path) == AFTER
    recording = tmp_path / "state/recordings/2026-01-02 03-04-05.mp4"
    assert recording.read_text() == "state/recordings/2026-01-02 03-04-05.mp4"


def test_a_power_cut_at_any_step_is_mended_by_the_next_start(tmp_path: Path) -> None:
    for number in range(100):
        place = tmp_path / str(number)
        place.mkdir()
        config = old_box(place)
        try:
            PLUG.left = number
            adopt(config, USERS)
        except PowerCut:
            assert found(place) != AFTER
        else:
            assert number > len(AFTER)
            return
        finally:
            PLUG.left = -1
        adopt(config, USERS)
        assert found(place) == AFTER, f"cut before step {number}"
    raise AssertionError("it never came to an end")


def test_what_was_given_before_and_what_is_others_stays(tmp_path: Path) -> None:
    """The engine is given recordings by systemd, and control the state directory by its tmpfiles, before this runs."""
    config = old_box(tmp_path)
    recordings = tmp_path / "state" / "recordings"
    for one in (recordings, *recordings.iterdir()):
        os.chown(one, *ENGINE)
    os.chown(tmp_path / "state", CONTROL[0], READERS)
    (tmp_path / "state").chmod(0o710)
    strangers = ("state/keys/roots", "state/recordings/roots")
    for name in strangers:
        (tmp_path / name).write_text("an administrator's")
        (tmp_path / name).chmod(0o600)
    adopt(config, USERS)
    assert found(tmp_path) == AFTER | dict.fromkeys(strangers, ((0, 0), 0o600))


def test_recordings_elsewhere_in_the_state_directory_are_the_engines(tmp_path: Path) -> None:
    config = old_box(tmp_path)
    (tmp_path / "disk").rename(tmp_path / "state" / "disk")
    adopt(msgspec.structs.replace(config, record=RecordConfig(directory=str(tmp_path / "state" / "disk"))), USERS)
    moved = {name.replace("disk", "state/disk"): one for name, one in AFTER.items()}
    assert found(tmp_path) == moved


def test_a_link_in_place_of_a_directory_is_not_followed(tmp_path: Path) -> None:
    config = old_box(tmp_path)
    other = tmp_path / "other"
    (tmp_path / "state" / "recordings").rename(other)
    (tmp_path / "state" / "recordings").symlink_to(other)
    adopt(config, USERS)
    assert other.stat().st_uid == FORMER
    (tmp_path / "state").rename(tmp_path / "moved")
    (tmp_path / "state").symlink_to(other)
    assert adopt(config, USERS) == 0
    assert adopt(Config(state_dir=str(tmp_path / "nowhere")), USERS) == 0
