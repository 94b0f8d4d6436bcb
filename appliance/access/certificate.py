"""The panel's own certificate: made on the box, signed by itself, renewed before it ends.

It owns `tls/identity.pem` in the state directory: key and certificate in one, so that a power cut cannot leave a pair
that does not match, and only its owner can read it. No authority knows this box, so browsers warn; the fingerprint,
which the box prints, is how a person tells it from another. Blocks: call from a thread.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.storage.files import make_private, on_disk, read_file, write_atomically
from appliance.system.tls import BoundedContext

LIFE = timedelta(days=397)
"""The longest that browsers like."""
RENEW_BEFORE = timedelta(days=30)
_BACKDATE = timedelta(days=1)
_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """The file with certificate and key, the certificate's SHA-256, and from when to when it counts (Unix s)."""

    file: Path
    fingerprint: str
    begins_at: float
    ends_at: float

    def is_due(self, now: float) -> bool:
        """Whether it is time for another: it ends soon, or it begins later than now because the clock was wrong."""
        return now > self.ends_at - RENEW_BEFORE.total_seconds() or now < self.begins_at


def own_identity(state_dir: Path, names: Iterable[str], addresses: Iterable[str], now: float) -> Identity:
    """The certificate in use, or a new one when it is due or lacks a name or address. Raises `Unavailable`.

    Addresses of an earlier certificate stay in a new one, so that a box that moves between two networks does not
    change its fingerprint each time.
    """
    directory = state_dir / "tls"
    known = _known(directory)
    wanted = {_short(name) for name in names}
    at = {text for text in addresses if not ipaddress.ip_address(text).is_loopback}
    if known is not None:
        identity, has_names, has_addresses = known
        if not identity.is_due(now) and wanted <= has_names and at <= has_addresses:
            return identity
        at |= set(sorted(has_addresses - at)[: _MOST_ADDRESSES - len(at)])
    return _make(directory, wanted, at, now)


def server_context(identity: Identity) -> ssl.SSLContext:
    """What the server needs to speak TLS 1.2 or 1.3."""
    context = BoundedContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(on_disk(identity.file))
    return context


def _make(directory: Path, names: set[str], addresses: set[str], now: float) -> Identity:
    # Only who wants TLS pays for loading this library.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    today = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Plugcast")])
    places: list[x509.GeneralName] = [x509.DNSName(name) for name in sorted(names)]
    places += [x509.IPAddress(ipaddress.ip_address(text)) for text in sorted({"127.0.0.1", *addresses})]
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - _BACKDATE)
        .not_valid_after(today + LIFE)
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    make_private(directory)
    write_atomically(directory / "identity.pem", secret + made.public_bytes(serialization.Encoding.PEM))
    known = _known(directory)
    assert known is not None  # noqa: S101 - it was written a moment ago
    return known[0]


def _known(directory: Path) -> tuple[Identity, set[str], set[str]] | None:
    """The certificate that is there with its names and addresses; None when there is none that can be used."""
    file = directory / "identity.pem"
    try:
        body = read_file(file)
    except OSError:
        return None
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    try:
        certificate = x509.load_pem_x509_certificate(body)
        key = serialization.load_pem_private_key(body, None)
        places = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return None
    if key.public_key() != certificate.public_key():
        return None
    identity = Identity(
        file,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )
    addresses = {str(address) for address in places.get_values_for_type(x509.IPAddress)} - {"127.0.0.1"}
    return identity, set(places.get_values_for_type(x509.DNSName)), addresses


def _short(name: str) -> str:
    """A name as certificates hold it: lower case, letters of other scripts as xn--."""
    return name.lower().rstrip(".").encode("idna").decode() if not name.isascii() else name.lower().rstrip(".")
