"""Tools from npm that are only for tests: installed once into the cache of this user, never into the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.project import ROOT

PROJECT = ROOT / "appliance" / "panel" / "jsconfig.json"
VERSIONS = {"@biomejs/biome": "2.6.8", "axe-core": "4.14.1", "typescript": "5.9.3"}


def installed(package: str) -> Path:
    """The directory of the package; installs it when npm can. Raises LookupError saying why not."""
    version = VERSIONS[package]
    cache = Path(os.environ.get("PLUGCAST_CACHE") or Path.home() / ".cache" / "plugcast") / package
    place = cache / "node_modules" / package
    manifest = place / "package.json"
    if manifest.exists() and json.loads(manifest.read_text())["version"] == version:
        return place
    npm = shutil.which("npm")
    if npm is None:
        raise LookupError(f"{package} {version} is not in {cache} and there is no npm to install it (Debian: npm)")
    cache.mkdir(parents=True, exist_ok=True)
    flags = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save")
    command = (npm, "install", *flags, f"{package}@{version}")
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LookupError(f"npm could not install {package} {version}: {done.stderr.strip()[-200:]}")
    return place


def checked(project: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """What TypeScript's compiler says of the page's scripts and their JSDoc types."""
    compiler = installed("typescript") / "bin" / "tsc"
    return subprocess.run(
        ["node", str(compiler), "-p", str(project)], capture_output=True, text=True, check=False, timeout=100
    )


def laid_out(place: Path = PROJECT.parent, *, mend: bool = False) -> subprocess.CompletedProcess[str]:
    """What Biome says of the layout and the code of the page; with `mend` it lays scripts and styles out anew."""
    biome = installed("@biomejs/biome") / "bin" / "biome"
    task = ("format", "--write") if mend else ("check", "--error-on-warnings")
    return subprocess.run(
        ["node", str(biome), *task, "--max-diagnostics=40", "."],
        cwd=place, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def main(asked: list[str]) -> int:
    """Checks everything; with `format` lays out the page's files."""
    try:
        outcomes = [laid_out(mend=True)] if asked == ["format"] else [laid_out(), checked()]
    except LookupError as error:
        print(f"The page's scripts and styles are not checked: {error}", file=sys.stderr)
        return 1
    for outcome in outcomes:
        sys.stdout.write(outcome.stdout)
        sys.stderr.write(outcome.stderr)
    return max(outcome.returncode for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
