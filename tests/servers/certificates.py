"""Certificates for tests of TLS, made by the openssl command: an authority and what it signs."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key in PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """A server's TLS that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """A certificate authority in a directory of its own; `file` is what clients are told to trust."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0
        self._key = directory / "ca.key"
        self.file = directory / "ca.pem"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=Test authority", "-keyout", str(self._key), "-out", str(self.file),
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def issue(
        self,
        names: str = "DNS:localhost,IP:127.0.0.1,IP:::1",
        dates: tuple[str, str] | None = None,
        common_name: str = "Test server",
    ) -> Certificate:
        """A server certificate for `names` in OpenSSL's spelling, valid now or between two `dates` (YYYYMMDD).

        Without `names` it says nothing but its `common_name`.
        """
        self._count += 1
        made = self._files(f"server{self._count}")
        request, extensions = self._directory / "request.pem", self._directory / "extensions.cnf"
        extensions.write_text(
            (f"subjectAltName={names}\n" if names else "")
            + "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        _openssl("req", "-new", *_new_key(made.key), "-subj", f"/CN={common_name}", "-out", str(request))
        if dates:
            self._sign_dated(request, extensions, made.certificate, dates)
        else:
            _openssl(
                "x509", "-req", "-in", str(request), "-CA", str(self.file), "-CAkey", str(self._key), "-days", "7",
                "-CAcreateserial", "-extfile", str(extensions), "-out", str(made.certificate),
            )  # fmt: skip
        return made

    def self_signed(self) -> Certificate:
        """A certificate for localhost that no authority has signed."""
        self._count += 1
        made = self._files(f"self{self._count}")
        _openssl(
            "req", "-x509", *_new_key(made.key), "-days", "7", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", str(made.certificate),
        )  # fmt: skip
        return made

    def _files(self, name: str) -> Certificate:
        return Certificate(self._directory / f"{name}.pem", self._directory / f"{name}.key")

    def _sign_dated(self, request: Path, extensions: Path, out: Path, dates: tuple[str, str]) -> None:
        # Only `openssl ca` takes both dates, and it wants a little directory of its own.
        index, serial, config = (self._directory / name for name in ("index.txt", "serial", "ca.cnf"))
        index.write_text("")
        serial.write_text("1000\n")
        config.write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\nserial={serial}\nnew_certs_dir={self._directory}\n"
            "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n"
        )
        _openssl(
            "ca", "-batch", "-config", str(config), "-in", str(request), "-cert", str(self.file), "-notext",
            "-keyfile", str(self._key), "-startdate", f"{dates[0]}000000Z", "-enddate", f"{dates[1]}000000Z",
            "-extfile", str(extensions), "-out", str(out),
        )  # fmt: skip


def _new_key(file: Path) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(file))


def _openssl(*arguments: str) -> None:
    subprocess.run(("openssl", *arguments), check=True, capture_output=True)
