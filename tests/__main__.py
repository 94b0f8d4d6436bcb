"""All tests, as two runs of pytest at once, so that no processor stands idle.

    python -m tests

Those of the page mostly wait for a browser, the virtual box's for their boots. What the second run says comes when the
first is done.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")
SECOND = ("tests/browser", "tests/engine")
"""About half of what takes time outside of the virtual box."""


def main() -> int:
    """Runs both; returns the exit status of the first that failed."""
    with tempfile.TemporaryFile() as said:
        second = subprocess.Popen([*PYTEST, *SECOND], stdout=said, stderr=subprocess.STDOUT)
        first = subprocess.Popen([*PYTEST, *(f"--ignore={folder}" for folder in SECOND)])
        # Ctrl-C reaches all three; pytest then says what it has and leaves nothing running.
        for run in (first, second):
            while run.poll() is None:
                with contextlib.suppress(KeyboardInterrupt):
                    run.wait()
        said.seek(0)
        names = " and ".join(SECOND)
        print(f"\n{names}:\n{said.read().decode(errors='replace')}", flush=True)
    for name, run in (("The others", first), (names, second)):
        if run.returncode:
            print(f"{name} failed: see above.", flush=True)
    return first.returncode or second.returncode


if __name__ == "__main__":
    sys.exit(main())
