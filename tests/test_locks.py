"""The locks: they hold what pyproject.toml asks for, every file by its hash, and a swapped package is refused."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project import ROOT

LOCKS = ROOT / "requirements"
ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?P<rest>(?:.*\\\n)(?:    --hash=.*\n)+)", re.MULTILINE
)


def entries(lock: str) -> dict[str, re.Match[str]]:
    text = (LOCKS / f"{lock}.lock").read_text()
    return {canonicalize_name(match["name"]): match for match in ENTRY.finditer(text)}


def asked(lock: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    if lock == "build":
        return [*project["dependency-groups"]["build"], *project["build-system"]["requires"]]
    more = project["project"]["optional-dependencies"].get(lock, []) if lock != "run" else []
    return [*project["project"]["dependencies"], *more]


@pytest.mark.parametrize("lock", sorted(file.stem for file in LOCKS.glob("*.lock")))
def test_a_lock_holds_what_is_asked_for(lock: str) -> None:
    found = entries(lock)
    for wish in map(Requirement, asked(lock)):
        entry = found[canonicalize_name(wish.name)]
        assert wish.specifier.contains(entry["version"]), wish
    lines = (LOCKS / f"{lock}.lock").read_text().splitlines()
    assert len(found) == sum(not line.startswith((" ", "#")) for line in lines), "an entry without a hash"
    assert not [line for line in lines if "://" in line]


@pytest.mark.parametrize("name", ["av", "numpy", "msgspec", "cryptography"])
def test_a_lock_is_for_every_platform(name: str) -> None:
    # One wheel for each of two processors and two Pythons, at the least.
    assert entries("run")[name]["rest"].count("--hash=sha256:") >= 4


def test_the_tests_run_on_what_is_shipped() -> None:
    shipped, tested = entries("run"), entries("dev")
    assert {name: one["version"] for name, one in shipped.items()}.items() <= {
        name: one["version"] for name, one in tested.items()
    }.items()


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "without-hashes"])
def test_a_package_that_was_swapped_is_refused(tmp_path: Path, is_guarded: bool) -> None:
    entry = entries("run")["segno"]
    wheel = tmp_path / f"segno-{entry['version']}-py3-none-any.whl"
    info = f"segno-{entry['version']}.dist-info"
    with zipfile.ZipFile(wheel, "w") as swapped:
        swapped.writestr("segno.py", "raise SystemExit('owned')\n")
        swapped.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: segno\nVersion: {entry['version']}\n")
        swapped.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        swapped.writestr(f"{info}/RECORD", "")
    lock = tmp_path / "one.lock"
    lock.write_text(entry[0] if is_guarded else f"segno=={entry['version']}\n")
    flags = ["--require-hashes"] if is_guarded else []
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--find-links", str(tmp_path)]
    done = subprocess.run(
        [*command, "--target", str(tmp_path / "here"), *flags, "-r", str(lock)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode != 0) is is_guarded
    assert (tmp_path / "here" / "segno.py").exists() is not is_guarded


def test_setup_installs_by_hash_and_builds_with_what_is_locked() -> None:
    script = (ROOT / "dev").read_text()
    installs = [line for line in script.splitlines() if re.search(r"\bpip install\b", line) and "as_root" not in line]
    # Tools that make and check the locks are the only ones taken as they come.
    loose = [
        line for line in installs if not re.search(r"--require-hashes|--no-deps --no-index|uv>=|pip-audit>=", line)
    ]
    assert not loose
    assert "--no-build-isolation" in script
