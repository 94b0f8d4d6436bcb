"""What went wrong between us and a server, as the errors the owner is told: one maker for each kind of failure.

Owns the codes and sentences of publishing. Never shows a key: whatever a server or library said passes `Target.mask`.
"""

from __future__ import annotations

import errno
import ssl

from appliance.engine.sinks.rtmp.address import Target
from appliance.errors import NeedsOwner, PlugcastError, Unavailable

_SAID_LIMIT = 160


def not_found(target: Target, why: str) -> Unavailable:
    """The name of the server could not be resolved."""
    host = target.address.host
    text = f"The server {host} cannot be found: check the network and the server address."
    return Unavailable("server-not-found", text, destination=target.name, host=host, why=target.mask(why))


def no_answer(target: Target, stage: str, seconds: float) -> Unavailable:
    """A deadline has passed. `stage` is connect, tls, handshake or commands."""
    host = target.address.host
    text = {
        "connect": f"The server {host} does not answer: check the network; we keep trying.",
    }.get(stage, f"The server {host} was reached but then said nothing: it may be overloaded; we keep trying.")
    code = "server-unreachable" if stage == "connect" else "server-silent"
    return Unavailable(code, text, destination=target.name, host=host, stage=stage, seconds=round(seconds, 1))


def network_failed(target: Target, error: OSError) -> Unavailable:
    """An operation on the socket failed."""
    host, number = target.address.host, error.errno or 0
    facts = {"destination": target.name, "host": host, "errno": errno.errorcode.get(number, str(number))}
    if number == errno.ECONNREFUSED:
        text = f"Nothing answers on port {target.address.port} of {host}: check the server address; we keep trying."
        return Unavailable("server-refused-connection", text, **facts, port=target.address.port)
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.ETIMEDOUT):
        text = f"There is no way to {host}: check the network cable or Wi-Fi; we keep trying."
        return Unavailable("server-unreachable", text, **facts)
    return Unavailable("connection-lost", f"The connection to {host} was lost; we connect again.", **facts)


def closed(target: Target) -> Unavailable:
    """The server ended a connection on which we were publishing."""
    host = target.address.host
    text = f"The server {host} closed the connection; we connect again."
    return Unavailable("connection-lost", text, destination=target.name, host=host)


def stalled(target: Target, seconds: float) -> Unavailable:
    """Nothing we sent was acknowledged for too long."""
    host = target.address.host
    text = f"The server {host} took nothing for {seconds:.0f} s: it or the network stands still; we connect again."
    return Unavailable("connection-stalled", text, destination=target.name, host=host, seconds=round(seconds, 1))


def not_rtmp(target: Target, why: str) -> Unavailable:
    """What the server sent is not RTMP."""
    host = target.address.host
    text = f"The server {host} does not speak RTMP as it should: check the server address and port."
    return Unavailable("server-not-rtmp", text, destination=target.name, host=host, why=target.mask(why))


def busy(target: Target, said: str) -> Unavailable:
    """Somebody, perhaps our own lost connection, is publishing with this key."""
    text = f"The server says that this stream key is in use{_quoted(target, said)}; we keep trying for a minute."
    return Unavailable("stream-key-busy", text, destination=target.name, said=_said(target, said))


def still_busy(target: Target) -> NeedsOwner:
    """The key stayed in use for longer than a lost connection of ours can explain."""
    text = "Another device is publishing with this stream key: stop it there, or paste a new key."
    return NeedsOwner("stream-key-busy", text, destination=target.name)


def refused(target: Target, stage: str, said: str) -> NeedsOwner:
    """The server said no. `stage` is connect (the application) or publish (the key)."""
    facts = {"destination": target.name, "host": target.address.host, "said": _said(target, said)}
    if stage == "connect":
        text = f"The server does not accept this address{_quoted(target, said)}: check the server address and the key."
        return NeedsOwner("server-address-refused", text, **facts)
    text = f"The server does not accept this stream key{_quoted(target, said)}: paste a new one."
    return NeedsOwner("stream-key-refused", text, **facts)


def certificate(target: Target, error: ssl.SSLCertVerificationError) -> PlugcastError:
    """The server could not prove who it is; nothing, above all no key, was sent to it."""
    host, why = target.address.host, target.mask(error.verify_message or "verification failed")
    facts = {"destination": target.name, "host": host, "why": why}
    match error.verify_code:  # OpenSSL's X509_V_ERR_* numbers
        case 9:
            text = f"The certificate of {host} is not valid yet: the clock of this box is probably wrong. Set the time."
            return Unavailable("clock-wrong", text, **facts)
        case 10:
            text = f"The certificate of {host} has expired: the server's owner must renew it, or our clock is wrong."
            return Unavailable("certificate-expired", text, **facts)
        case 62 | 64:
            text = f"The certificate is not for {host}: check the server address. The key was not sent."
            return NeedsOwner("certificate-name", text, **facts)
        case _:
            text = f"The certificate of {host} is not from an authority this box trusts ({why}). The key was not sent."
            return NeedsOwner("certificate-untrusted", text, **facts)


def tls_failed(target: Target, error: ssl.SSLError) -> Unavailable:
    """TLS could not be set up for another reason than the certificate."""
    host, why = target.address.host, target.mask(error.reason or "unknown reason")
    text = f"The server {host} does not speak TLS on port {target.address.port} ({why}): check rtmps:// and the port."
    return Unavailable("tls-failed", text, destination=target.name, host=host, why=why)


def ca_file(target: Target) -> NeedsOwner:
    """The extra certificate authority cannot be read."""
    text = f"The certificate file {target.ca_file} cannot be read as PEM: correct the file or leave it out."
    return NeedsOwner("ca-file-wrong", text, destination=target.name, file=target.ca_file)


def _said(target: Target, said: str) -> str:
    """A server's words, fit to be shown: no key, no control characters, not long."""
    shown = "".join(c if c.isprintable() else " " for c in target.mask(said))
    return " ".join(shown.split())[:_SAID_LIMIT]


def _quoted(target: Target, said: str) -> str:
    words = _said(target, said)
    return f' ("{words}")' if words else ""
