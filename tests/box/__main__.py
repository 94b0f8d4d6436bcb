"""The virtual box from the command line: `python -m tests.box run COMMAND...` and `python -m tests.box kernel`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.box.boot import Box, BoxCrashed, run
from tests.box.kernel import BoxError, kernel, packages


def main(arguments: list[str]) -> int:
    """Runs one verb; returns the exit status of the command inside, or 125 when the box itself failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit unwinds: no box and no folder stays behind
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with it ignored
    options = _parser().parse_args(arguments)
    try:
        if options.verb == "packages":
            print("\n".join(packages()))
            return 0
        if options.verb == "kernel":
            print(kernel())
            return 0
        box = Box(
            kernel=kernel(),
            virtual_clock=options.time_travel,
            words=tuple(options.word),
            shares=tuple(Path(share).resolve(strict=True) for share in options.share),
            memory_mb=options.memory_mb,
            timeout_s=options.timeout_s,
        )
        command = options.command[1:] if options.command[:1] == ["--"] else options.command
        return run(box, command, sys.stdout.buffer, sys.stderr.buffer)
    except BoxCrashed as crash:
        print(f"{crash.log}{crash}", file=sys.stderr)
    except (BoxError, FileNotFoundError) as failure:
        print(failure, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 125


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.box", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("packages", help="list the Debian packages the box needs")
    verbs.add_parser("kernel", help="build the kernel if needed and print its path")
    boot = verbs.add_parser("run", help="run a command in the box, as root, in the current folder")
    boot.add_argument("--time-travel", action="store_true", help="virtual clock: time jumps while everything sleeps")
    boot.add_argument("--word", action="append", default=[], help="a further kernel word, e.g. vivid.multiplanar=2")
    boot.add_argument("--share", action="append", default=[], help="a folder whose changes reach the host")
    boot.add_argument("--memory-mb", type=int, default=2048)
    boot.add_argument("--timeout-s", type=float, default=None, help="limit in real seconds")
    boot.add_argument("command", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
