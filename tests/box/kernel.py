"""The virtual box's kernel: built once from Debian's sources, kept outside the repository, verified before every use.

Owns the cache `${PLUGCAST_CACHE:-${XDG_CACHE_HOME:-~/.cache}/plugcast}/box/`: one folder per hash of everything that
goes into the kernel (tests/box/linux/, the packaged sources, the compiler), with the binary and its sha256. A build
happens in a temporary folder under a lock and appears by one rename. Never installs a package.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOM = Path(__file__).resolve().parent
RECIPE = ROOM / "linux"
BUILD_LIMIT_S = 3600
NOT_BUILT = "The virtual box has no sound kernel for these sources: build it with `python -m tests.box kernel`."


class BoxError(RuntimeError):
    """The virtual box cannot be built or booted; `str()` is one line that says why and what to do."""


@dataclass(frozen=True)
class Sources:
    """What the kernel is made of: Debian's kernel tarball and the package with v4l2loopback's source."""

    tarball: Path
    v4l2loopback: Path


def cache_root() -> Path:
    """The folder that holds every built kernel."""
    if root := os.environ.get("PLUGCAST_CACHE"):
        return Path(root) / "box"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plugcast" / "box"


def packages() -> list[str]:
    """The Debian packages the box needs, from tests/box/packages."""
    lines = (ROOM / "packages").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def kernel(*, build: bool = True) -> Path:
    """The path of a verified kernel, built first when it is not in the cache or not what was recorded.

    Raises BoxError when `build` is false and there is none, or when it cannot be built.
    """
    if platform.machine() != "x86_64":
        raise BoxError(
            f"The virtual box needs x86-64, this is {platform.machine()}: load vivid (modprobe vivid) instead."
        )
    return kernel_from(find_sources(download=build), build=build)


def kernel_from(sources: Sources, *, build: bool = True) -> Path:
    """As `kernel`, from given sources."""
    folder = cache_root() / inputs_hash(sources)
    if verified(folder):
        return folder / "linux"
    if not build:
        raise BoxError(NOT_BUILT)
    with _lock(cache_root()):
        if not verified(folder):  # another builder may have been first
            _build(sources, folder)
    return folder / "linux"


def verified(folder: Path) -> bool:
    """Whether `folder` holds a kernel whose sha256 is the recorded one."""
    try:
        recorded = (folder / "linux.sha256").read_text(encoding="ascii").strip()
        return sha256_of(folder / "linux") == recorded
    except FileNotFoundError:
        return False


def find_sources(*, download: bool) -> Sources:
    """Finds the newest installed kernel source and v4l2loopback's package, which is downloaded (not installed) once.

    Raises BoxError naming the packages to install.
    """
    tarballs = sorted(Path("/usr/src").glob("linux-source-*.tar.*"), key=_version_key)
    if not tarballs:
        raise BoxError(f"The virtual box's kernel needs packages: apt-get install {' '.join(packages())}")
    tarball = tarballs[-1]
    folder = cache_root() / "v4l2loopback" / tarball.name.partition(".tar")[0]
    kept = sorted(folder.glob("v4l2loopback-dkms_*.deb"))
    if not kept and download:
        folder.mkdir(parents=True, exist_ok=True)
        _run(["apt-get", "download", "-q=2", "v4l2loopback-dkms"], folder, "run apt-get update, then try again")
        kept = sorted(folder.glob("v4l2loopback-dkms_*.deb"))
    if not kept:
        raise BoxError(NOT_BUILT)
    return Sources(tarball, kept[-1])


def inputs(sources: Sources) -> dict[str, str]:
    """Everything that decides what the kernel becomes, by name."""
    found = {
        f"recipe/{path.relative_to(RECIPE)}": sha256_of(path) for path in sorted(RECIPE.rglob("*")) if path.is_file()
    }
    found["source"] = f"{sources.tarball.name} {_tarball_identity(sources.tarball)}"
    found["v4l2loopback"] = sha256_of(sources.v4l2loopback)
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=False)
    found["compiler"] = compiler.stdout.partition("\n")[0]
    found["machine"] = platform.machine()
    return found


def inputs_hash(sources: Sources) -> str:
    """The name of the cache folder for these sources: 24 hexadecimal digits."""
    text = json.dumps(inputs(sources), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tarball_identity(tarball: Path) -> str:
    # Debian's version names the content; hashing 140 MB before every boot would cost half a second.
    package = tarball.name.partition(".tar")[0]
    query = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False)
    return f"{query.stdout} {tarball.stat().st_size}" if query.stdout else sha256_of(tarball)


def _version_key(tarball: Path) -> tuple[int, ...]:
    version = tarball.name.removeprefix("linux-source-").partition(".tar")[0]
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _build(sources: Sources, folder: Path) -> None:
    missing = [name for name in packages() if not _is_installed(name)]
    if missing:
        raise BoxError(f"The virtual box's kernel needs packages: apt-get install {' '.join(missing)}")
    root = cache_root()
    for stale in root.glob(".building-*"):  # we hold the lock: nobody builds there any more
        shutil.rmtree(stale)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=root) as name:
        work = Path(name)
        for part in ("source", "v4l2loopback", "result"):
            (work / part).mkdir()
        _run(["dpkg", "-x", str(sources.v4l2loopback), str(work / "v4l2loopback")], work, "delete it and try again")
        [module] = (work / "v4l2loopback").glob("usr/src/v4l2loopback-*")
        result = work / "result" / "linux"
        command = [RECIPE / "build.sh", sources.tarball, module, work / "source", result]
        _run([str(part) for part in command], work, "see the lines above")
        (work / "result" / "linux.sha256").write_text(sha256_of(result) + "\n", encoding="ascii")
        (work / "result" / "inputs.json").write_text(json.dumps(inputs(sources), indent=1), encoding="utf-8")
        if folder.exists():  # it was found damaged
            folder.rename(work / "damaged")
        (work / "result").rename(folder)


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "-W", "-f=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _run(command: list[str], folder: Path, advice: str) -> None:
    try:
        code = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, timeout=BUILD_LIMIT_S, check=False
        ).returncode
    except (FileNotFoundError, subprocess.TimeoutExpired) as failure:
        raise BoxError(f"{command[0]} failed ({failure}): {advice}.") from failure
    if code:
        raise BoxError(f"{' '.join(command)} failed with status {code}: {advice}.")


@contextlib.contextmanager
def _lock(root: Path) -> Iterator[None]:
    """Lets one builder in at a time, across processes; released by the kernel even when the builder is killed."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
