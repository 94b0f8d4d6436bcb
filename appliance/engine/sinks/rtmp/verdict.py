"""What went wrong between us and a server, as the errors the owner is told: one maker for each kind of failure.

Owns the codes and sentences of publishing. Never shows a key: whatever a server or library said passes `Target.mask`.
"""

from __future__ import annotations

import errno
import ssl

from appliance.engine.sinks.rtmp.address import Target
from appliance.errors import NeedsOwner, PlugcastError, Unavailable

_SAID_LIMIT = 160
_PORTAL = ", or this network wants somebody to log in first; we keep trying"


def not_found(target: Target, why: str) -> Unavailable:
    """The name of the server could not be resolved."""
    host = target.address.host
    text = f"The server {host} cannot be found: check the network and the server address."
    return Unavailable("server-not-found", text, destination=target.name, host=host, why=target.mask(why))


def no_answer(target: Target, stage: str, seconds: float) -> Unavailable:
    """A deadline has passed. `stage` is connect, tls, handshake, commands, or publish once the key was shown."""
    host = target.address.host
    reached = f"The server {host} was reached but then said nothing: it may be overloaded"
    text = {
        "connect": f"The server {host} does not answer: check the network; we keep trying.",
        "commands": f"{reached}; we keep trying.",
        "publish": f"{reached}, or not know this stream key: if that stays, paste a new one; we keep trying.",
    }.get(stage, f"{reached}, or the network loses large packets; we keep trying.")
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


def closed(target: Target, said: str = "") -> Unavailable:
    """The server ended a connection, perhaps with words, which may pass by itself."""
    host = target.address.host
    text = f"The server {host} closed the connection{_quoted(target, said)}; we connect again."
    return Unavailable("connection-lost", text, destination=target.name, host=host, said=_said(target, said))


def stalled(target: Target, seconds: float) -> Unavailable:
    """Nothing we sent was acknowledged for too long."""
    host = target.address.host
    text = f"The server {host} took nothing for {seconds:.0f} s: it or the network stands still; we connect again."
    return Unavailable("connection-stalled", text, destination=target.name, host=host, seconds=round(seconds, 1))


def not_rtmp(target: Target, why: str) -> Unavailable:
    """What the server sent is not RTMP."""
    host = target.address.host
    text = f"The server {host} does not speak RTMP as it should: check the server address and port{_PORTAL}."
    return Unavailable("server-not-rtmp", text, destination=target.name, host=host, why=target.mask(why))


def busy(target: Target, said: str) -> Unavailable:
    """Somebody, perhaps our own lost connection, is publishing with this key."""
    text = f"The server says that this stream key is in use{_quoted(target, said)}; we keep trying."
    return Unavailable("stream-key-busy", text, destination=target.name, said=_said(target, said))


def still_busy(target: Target) -> NeedsOwner:
    """The key stayed in use for longer than a lost connection of ours can explain."""
    text = "Another device is publishing with this stream key: stop it there, or paste a new key; we keep trying."
    return NeedsOwner("stream-key-busy", text, destination=target.name)


def refused(target: Target, stage: str, said: str, *, is_known: bool = False) -> NeedsOwner:
    """The server said no, or nothing. `stage` is connect (the application) or publish (the key).

    `is_known`: the server took this very key in this LIVE.
    """
    facts = {"destination": target.name, "host": target.address.host, "said": _said(target, said)}
    quoted = _quoted(target, said)
    if stage == "connect":
        text = f"The server does not accept this address{quoted}: check the server address and the key; we keep trying."
        return NeedsOwner("server-address-refused", text, **facts)
    if is_known:
        text = (
            f"The server took this stream key before, but does not any more{quoted}: paste a new one; we keep trying."
        )
    elif said:
        text = f"The server does not accept this stream key{quoted}: paste a new one; we keep trying."
    else:
        what = "The server hangs up without a word when it sees this stream key"
        text = f"{what}: it may be wrong or used up; paste a new one; we keep trying."
    return NeedsOwner("stream-key-refused", text, **facts)


def ended_there(target: Target, said: str) -> NeedsOwner:
    """The platform's own word that the LIVE is over: trying again is of no use."""
    text = f"The platform has ended this LIVE{_quoted(target, said)}: start a new one there and paste its key."
    facts = {"destination": target.name, "host": target.address.host, "said": _said(target, said)}
    return NeedsOwner("platform-ended-live", text, **facts)


def sent_on(target: Target, to: str, reason: str) -> NeedsOwner:
    """The server sends us on to where the key may not go. `reason` is address, encryption, host or loop."""
    host, shown = target.address.host, _said(target, to)
    text = {
        "address": "which is no address to publish to; copy the server address again",
        "encryption": "which is not encrypted, so the key was not sent there; copy the server address again",
        "host": "which is another host and not encrypted, so the key was not sent there; if that is right, paste that "
        "address with its key",
        "loop": "and so on without end; copy the server address again",
    }[reason]
    facts = {"destination": target.name, "host": host, "to": shown, "reason": reason}
    return NeedsOwner("server-redirects", f"The server {host} sends us on to {shown}, {text}.", **facts)


def certificate(target: Target, error: ssl.SSLCertVerificationError) -> PlugcastError:
    """The server could not prove who it is; nothing, above all no key, was sent to it."""
    host, why = target.address.host, target.mask(error.verify_message or "verification failed")
    facts = {"destination": target.name, "host": host, "why": why}
    match error.verify_code:  # OpenSSL's X509_V_ERR_* numbers
        case 9:
            text = f"The certificate of {host} is not valid yet: the clock of this box is probably wrong. Set the time."
            return Unavailable("clock-wrong", text, **facts)
        case 10:
            text = f"The certificate of {host} has expired: its owner must renew it, or our clock is wrong{_PORTAL}."
            return Unavailable("certificate-expired", text, **facts)
        case 62 | 64:
            text = f"The certificate is not for {host}, so the key was not sent: check the server address{_PORTAL}."
            return NeedsOwner("certificate-name", text, **facts)
        case _:
            what = (
                f"The certificate of {host} is not from an authority this box trusts ({why}), so the key was not sent"
            )
            text = f"{what}: try another network{_PORTAL}."
            return NeedsOwner("certificate-untrusted", text, **facts)


def tls_failed(target: Target, error: ssl.SSLError) -> Unavailable:
    """TLS could not be set up for another reason than the certificate."""
    host, why = target.address.host, target.mask(error.reason or "unknown reason")
    what = f"The server {host} does not speak TLS on port {target.address.port} ({why})"
    text = f"{what}: check rtmps:// and the port{_PORTAL}."
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
