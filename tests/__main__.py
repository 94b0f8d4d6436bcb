"""All tests: those of the page, which mostly wait for a browser, beside all others.

    python -m tests

Two runs of pytest at once, so that no processor stands idle; what the page's run says comes when the others are done.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")
PAGE = "tests/browser"


def main() -> int:
    """Runs both; returns the exit status of the first that failed."""
    with tempfile.TemporaryFile() as said:
        page = subprocess.Popen([*PYTEST, PAGE], stdout=said, stderr=subprocess.STDOUT)
        others = subprocess.Popen([*PYTEST, f"--ignore={PAGE}"])
        # Ctrl-C reaches all three; pytest then says what it has and leaves nothing running.
        for run in (others, page):
            while run.poll() is None:
                with contextlib.suppress(KeyboardInterrupt):
                    run.wait()
        said.seek(0)
        print(f"\nTests of the page ({PAGE}):\n{said.read().decode(errors='replace')}", flush=True)
    for name, run in (("All other tests", others), ("The tests of the page", page)):
        if run.returncode:
            print(f"{name} failed: see above.", flush=True)
    return others.returncode or page.returncode


if __name__ == "__main__":
    sys.exit(main())
