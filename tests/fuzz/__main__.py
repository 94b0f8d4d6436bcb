"""`./dev fuzz`: every hostile peer under atheris, guided by coverage of our code, for as long as you like.

Each target runs in a process of its own with an equal share of the time. What it learns stays in
~/.cache/plugcast/fuzz, so the next run goes on from there; an input that breaks a promise is printed and kept.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LONGEST_INPUT = 4096
HANG_S = 20
MOST_MB = 1024
START_S = 60
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plugcast" / "fuzz"
_ABSENT = (
    "fuzz: skipped: atheris is not installed for Python {}.{} (there may be no wheel for it); ./dev test runs the "
    "Hypothesis part of the same targets."
)


@dataclass(frozen=True)
class Outcome:
    """How one target did."""

    name: str
    runs: int
    features: int
    broken: str


def main() -> int:
    """Runs the targets; 1 when one broke a promise."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=170, help="for all targets together (170)")
    parser.add_argument("--target", action="append", help="only this one; may be given again")
    parser.add_argument("--list", action="store_true", help="print the targets")
    options, rest = parser.parse_known_args()
    if rest and rest[0] == "--child":
        return _child(rest[1], rest[2:])
    if importlib.util.find_spec("atheris") is None:
        print(_ABSENT.format(*sys.version_info[:2]))
        return 0
    from tests.fuzz.targets import TARGETS

    names = options.target or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown or options.list:
        print("\n".join(TARGETS))
        return 2 if unknown else 0
    share = max(1, options.seconds // len(names))
    print(f"{len(names)} targets, {share} s each, Python {sys.version.split()[0]}")
    outcomes = [_run(name, share) for name in names]
    return int(any(outcome.broken for outcome in outcomes))


def _run(name: str, seconds: int) -> Outcome:
    """One target in its own process."""
    from tests.fuzz.seeds import seeds

    learned, found = _CACHE / "learned" / name, _CACHE / "broken" / name
    for folder in (learned, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (learned / f"seed-{number}").write_bytes(seed[:LONGEST_INPUT])
    command = [
        sys.executable, "-m", "tests.fuzz", "--child", name, f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}",
        f"-timeout={HANG_S}", f"-rss_limit_mb={MOST_MB}", f"-artifact_prefix={found}/", "-print_final_stats=1",
        str(learned),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds + START_S + HANG_S, check=False
        )
        said, code = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired as late:
        said, code = str(late.stderr or ""), 1
    runs = re.search(r"number_of_executed_units: (\d+)", said)
    features = re.findall(r"\bft: (\d+)", said)
    broken = "" if code == 0 else said[-4000:]
    outcome = Outcome(name, int(runs[1]) if runs else 0, int(features[-1]) if features else 0, broken)
    verdict = "BROKEN" if broken else "kept every promise"
    print(f"{name:16} {outcome.runs:>9} runs  {outcome.features:>6} features  {verdict}", flush=True)
    if broken:
        print(f"{broken}\nThe input is in {found}. Mend the cause, then keep the input in tests/fuzz/seeds.py.")
    return outcome


def _child(name: str, arguments: list[str]) -> int:
    """Inside the process: instruments our code as it is imported, then never returns."""
    import atheris

    with atheris.instrument_imports(include=["appliance"]):
        from tests.fuzz.targets import TARGETS
    logging.disable()
    atheris.Setup([name, *arguments], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
