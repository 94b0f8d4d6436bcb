"""All tests, as three runs of pytest at once, so that no processor stands idle.

    python -m tests

Those of the page mostly wait for a browser, the engine's and the walks' for the clock, the virtual box's for their
boots. What the other runs say comes when the first is done.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")
BESIDE = (("tests/browser",), ("tests/engine", "tests/fuzz", "tests/panel", "tests/storage"))
"""With the first run, and without the virtual box that it has beside itself, three parts of about the same length."""


def main() -> int:
    """Runs all; returns the exit status of the first that failed."""
    with contextlib.ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in BESIDE]
        beside = [
            subprocess.Popen([*PYTEST, *folders], stdout=file, stderr=subprocess.STDOUT)
            for folders, file in zip(BESIDE, said, strict=True)
        ]
        first = subprocess.Popen([*PYTEST, *(f"--ignore={folder}" for folders in BESIDE for folder in folders)])
        # Ctrl-C reaches all of them; pytest then says what it has and leaves nothing running.
        for run in (first, *beside):
            while run.poll() is None:
                with contextlib.suppress(KeyboardInterrupt):
                    run.wait()
        names = [", ".join(folders) for folders in BESIDE]
        for name, file in zip(names, said, strict=True):
            file.seek(0)
            print(f"\n{name}:\n{file.read().decode(errors='replace')}", flush=True)
    for name, run in zip(("The others", *names), (first, *beside), strict=True):
        if run.returncode:
            print(f"{name} failed: see above.", flush=True)
    return next((run.returncode for run in (first, *beside) if run.returncode), 0)


if __name__ == "__main__":
    sys.exit(main())
