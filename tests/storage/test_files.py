"""A file is the old or the new, never half of one, whatever ends the writer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.errors import Invalid, Unavailable
from appliance.storage.files import make_directory, write_atomically
from tests.project import ROOT

WRITER = """
import itertools, sys
from pathlib import Path
from appliance.storage.files import write_atomically
from tests.project import ROOT
file = Path(sys.argv[1])
for number in itertools.count():
    write_atomically(file, ('{"number": %d, "filler": "' % number + "x" * (number % 50 * 1000) + '"}').encode())
    if number == 0:
        print("writing", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    for wait_s in (0.0, 0.003, 0.007):
        command = [sys.executable, "-c", WRITER, str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            time.sleep(wait_s)
            os.kill(writer.pid, signal.SIGKILL)
        assert json.loads(file.read_text())["number"] >= 0


def test_drafts_that_were_left_behind_are_removed_later(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.json.1.new", tmp_path / ".a.json.2.new"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    write_atomically(tmp_path / "a.json", b"{}")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".a.json.2.new", "a.json"]


def test_a_link_is_not_followed_and_the_mode_is_kept(tmp_path: Path) -> None:
    target, file = tmp_path / "target", tmp_path / "a.json"
    target.write_text("theirs")
    file.symlink_to(target)
    write_atomically(file, b"ours", mode=0o600)
    assert target.read_text() == "theirs"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"ours", 0o600)


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(Unavailable, match="cannot be written: is a directory") as caught:
        write_atomically(tmp_path / "a.json", b"")
    assert caught.value.code == "disk"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    with pytest.raises(Unavailable):
        write_atomically(tmp_path / "none" / "a.json", b"")


def test_a_directory_that_cannot_be_written_names_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match=r'^state-dir: ".*/file" cannot be written: '):
        make_directory(tmp_path / "file", "state-dir")
    make_directory(tmp_path / "a" / "b", "state-dir")
    assert (tmp_path / "a" / "b").is_dir()
