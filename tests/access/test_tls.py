"""HTTPS on request: the certificate, its fingerprint, plain HTTP on the same port, and another before it ends."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest

from appliance.access.certificate import LIFE, own_identity, server_context
from appliance.access.guard import Access
from appliance.access.tokens import AccessFiles
from appliance.control.panel_entrance import Reception, Voice
from appliance.model.config import Config, PanelConfig
from appliance.settings import layers
from tests.security.house import JSON, visiting

DAY_S = 86_400.0
NOW = 1_800_000_000.0
NAMES = ("plugcast.local", "box", "Straße.example")


def test_the_certificate_names_the_box_and_is_the_owners_alone(tmp_path: Path) -> None:
    identity = own_identity(tmp_path, NAMES, ["192.168.1.5", "127.0.0.1", "fd00::5"], NOW)
    assert identity.file.stat().st_mode & 0o777 == 0o600
    assert identity.file.parent.stat().st_mode & 0o777 == 0o700
    pem = identity.file.read_text()
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])
    assert identity.fingerprint.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    from cryptography import x509

    places = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"plugcast.local", "box"} <= set(places.get_values_for_type(x509.DNSName))
    assert {str(one) for one in places.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "192.168.1.5", "fd00::5"}


def test_it_stays_until_it_has_to_change(tmp_path: Path) -> None:
    first = own_identity(tmp_path, NAMES, ["192.168.1.5"], NOW)
    assert own_identity(tmp_path, NAMES[:1], ["127.0.0.1"], NOW + DAY_S) == first
    moved = own_identity(tmp_path, NAMES, ["10.0.0.9"], NOW)
    assert moved.fingerprint != first.fingerprint
    # Back in the first network nothing changes any more.
    assert own_identity(tmp_path, NAMES, ["192.168.1.5"], NOW) == moved
    named = own_identity(tmp_path, (*NAMES, "new.lan"), ["192.168.1.5"], NOW)
    assert named.fingerprint != moved.fingerprint
    late = NOW + LIFE.total_seconds() - 29 * DAY_S
    assert own_identity(tmp_path, NAMES, [], late).ends_at > late + 300 * DAY_S
    # Made with a clock that was years ahead.
    assert own_identity(tmp_path, NAMES, [], NOW).begins_at < NOW


@pytest.mark.parametrize("torn", [b"", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_torn_file_is_replaced(tmp_path: Path, torn: bytes) -> None:
    first = own_identity(tmp_path, NAMES, [], NOW)
    first.file.write_bytes(torn)
    second = own_identity(tmp_path, NAMES, [], NOW)
    assert second.fingerprint != first.fingerprint
    server_context(second)


def test_a_key_of_another_certificate_is_not_taken(tmp_path: Path) -> None:
    one, other = (own_identity(tmp_path / name, NAMES, [], NOW).file for name in "ab")
    begin = "-----BEGIN CERTIFICATE"
    mixed = one.read_text().partition(begin)[0] + begin + other.read_text().partition(begin)[2]
    one.write_text(mixed)
    assert own_identity(tmp_path / "a", NAMES, [], NOW).file.read_text() != mixed


async def test_a_phone_comes_in_over_https_and_reads_the_fingerprint(tmp_path: Path) -> None:
    async with visiting(tmp_path, tls=True) as house:
        answer = await house.post("/api/pair", {"token": house.files.new_link(1.0)})
        assert answer.status == 200
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert cookie.startswith("__Host-plugcast=")
        who = await house.ask("GET", "/api/whoami", {"Cookie": cookie})
        assert who.json["fingerprint"] == house.access.fingerprint
        assert "Strict-Transport-Security" not in who.headers
        # What a plain request gave away does not open the secure door.
        old = {"Cookie": cookie.replace("__Host-", "")}
        assert (await house.ask("GET", "/api/whoami", old)).status == 401
        plain_page = {**JSON, "Cookie": cookie, "Origin": f"http://{house.host}"}
        assert (await house.ask("POST", "/api/do", plain_page, b'{"do":"end-live"}')).json["code"] == "foreign-origin"


async def test_plain_http_on_the_same_port_is_sent_to_https(tmp_path: Path) -> None:
    async with visiting(tmp_path, tls=True) as house:
        plain = f"http://{house.host}"
        answer = await house.ask("GET", f"{plain}/api/state?a=b%20c")
        assert (answer.status, answer.headers["Location"]) == (308, f"https://{house.host}/api/state?a=b%20c")
        bearer = {"Authorization": f"Bearer {house.files.add_token('x', 1.0)}", **JSON}
        answer = await house.ask("POST", f"{plain}/api/do", bearer, b'{"do":"end-live"}')
        assert (answer.status, answer.json["code"]) == (403, "needs-https")
        assert house.desk.done == []
        assert (await house.ask("POST", f"{plain}/api/pair", JSON, b'{"pin":"1"}')).json["code"] == "needs-https"


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    context = server_context(own_identity(tmp_path, NAMES, [], NOW))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_a_running_box_takes_a_new_certificate_in_time(tmp_path: Path) -> None:
    now = [NOW]
    config = Config(state_dir=str(tmp_path), run_dir=str(tmp_path), panel=PanelConfig(tls=True))

    shown: list[str] = []
    files = AccessFiles(tmp_path)
    access = Access(files, ("localhost",), lambda: now[0])
    reception = Reception(config, access, files, Voice(show=shown.append))
    await reception.prepare()
    first = access.fingerprint
    await reception.renew_if_due()
    assert (access.fingerprint, shown) == (first, [])
    now[0] += LIFE.total_seconds() - 10 * DAY_S
    await reception.renew_if_due()
    assert access.fingerprint not in {"", first}
    assert shown == [f"certificate SHA-256 {access.fingerprint}"]


def test_tls_is_built() -> None:
    assert layers.not_built_yet(Config(panel=PanelConfig(tls=True))) == ()
