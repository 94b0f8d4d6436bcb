"""A real MQTT broker for tests: Debian's mosquitto in a directory of its own, on a free port, as an ordinary user."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.servers.certificates import Certificate
from tests.servers.nginx import free_port

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
_START_S = 10.0


@dataclass
class Mosquitto:
    """The broker. With a `user` nobody else comes in; with a `certificate` it speaks TLS only."""

    directory: Path
    user: str = ""
    password: str = ""
    certificate: Certificate | None = None
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it and waits until it takes connections."""
        config = self.directory / "mosquitto.conf"
        config.write_text("\n".join(self._lines()) + "\n")
        self._log = (self.directory / "mosquitto.log").open("ab")
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=self._log, stderr=self._log)
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            assert self._process.poll() is None, (self.directory / "mosquitto.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise AssertionError("mosquitto did not start")

    def stop(self) -> None:
        """Ends it; connections break."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        self._log.close()

    def _lines(self) -> list[str]:
        lines = [f"listener {self.port} 127.0.0.1", "persistence false"]
        if os.geteuid() == 0:
            # It would give up root for a user that cannot read pytest's directories.
            lines.append("user root")
        if self.certificate:
            lines += [f"certfile {self.certificate.certificate}", f"keyfile {self.certificate.key}"]
        if not self.user:
            return [*lines, "allow_anonymous true"]
        passwords = self.directory / "passwords"
        if not passwords.exists():
            words = ["mosquitto_passwd", "-b", "-c", str(passwords), self.user, self.password]
            subprocess.run(words, check=True, capture_output=True)
        return [*lines, "allow_anonymous false", f"password_file {passwords}"]
