"""TLS: verified always, by the private CA alone where one is given; a failed handshake sent nothing."""

import datetime
import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ocp.conftest import answer, client_of, payload, within
from upgrades.ocp.errors import DeadlinePassed, NotSent
from upgrades.ocp.wire import BadCa, tls_context

GOOD = answer(payload("cluster-upgrade"))


def certificate(folder: Path, name: str, days: int = 30) -> Path:
    """A self-signed certificate for `name` with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "look-alike")])
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}{days}.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return file


def context(file: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    return made


@pytest.fixture
def good(tmp_path) -> Path:
    return certificate(tmp_path, "127.0.0.1")


def test_private_ca_by_file_is_trusted(hostile, good):
    server = hostile(GOOD, tls=context(good))
    client = client_of(server.url, ca_file=str(good), is_http_allowed=False)
    assert client.upgrade(22, b"{}").task.id == 108368
    assert server.requests[0].endswith(b"\r\n\r\n{}")


def test_private_ca_by_its_text_is_trusted(hostile, good):
    server = hostile(GOOD, tls=context(good))
    client = client_of(server.url, ca_pem=good.read_text(), is_http_allowed=False)
    assert client.upgrade(22, b"{}").task.id == 108368


@pytest.mark.parametrize("around", ["\ufeff{}", "# 生产环境的 CA\n{}\n# 完\n", "{}\r\n"])
def test_what_stands_around_the_certificates_of_a_ca_is_passed_over(good, around):
    text = good.read_text()
    pem = text[text.index("-----BEGIN CERTIFICATE") :]
    assert len(tls_context(None, "", around.format(pem + pem)).get_ca_certs()) == 1


@pytest.mark.parametrize(
    "text",
    ["没有证书", "no certificate", "-----BEGIN CERTIFICATE-----\n证书\n-----END CERTIFICATE-----\n"],
)
def test_a_ca_without_a_certificate_is_refused_and_no_other_one_trusted(text):
    with pytest.raises(BadCa):
        tls_context(None, "", text)


def test_a_ca_file_that_is_gone_is_a_bad_ca(tmp_path):
    with pytest.raises(BadCa):
        tls_context(str(tmp_path / "gone.pem"), "")


@pytest.mark.parametrize("fault", ["no CA file", "another CA", "another name", "expired"])
def test_certificate_that_does_not_fit_stops_the_post_before_a_byte(hostile, tmp_path, good, fault):
    served = {
        "another name": certificate(tmp_path, "ocp.example.com"),
        "expired": certificate(tmp_path, "127.0.0.1", -1),
    }
    file = served.get(fault, good)
    trusted = {"no CA file": None, "another CA": str(certificate(tmp_path, "127.0.0.2"))}.get(fault, str(file))
    server = hostile(GOOD, tls=context(file))
    with pytest.raises(NotSent) as caught:
        client_of(server.url, ca_file=trusted).upgrade(22, b"{}")
    assert not caught.value.is_sent
    assert "certificate not accepted" in caught.value.message
    assert (server.connections, server.requests) == (1, [])


def test_server_without_tls_was_not_sent_anything():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer(b"", 400))

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(NotSent) as caught:
            client_of(f"https://127.0.0.1:{listener.getsockname()[1]}").upgrade(22, b"{}")
        thread.join(5)
    assert not caught.value.is_sent
    assert "TLS handshake" in caught.value.message


def test_handshake_that_drips_ends_with_the_connect_time(good):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        is_over = threading.Event()

        def drip():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"\x16\x03\x03\x40\x00")
                while not is_over.wait(0.02):
                    connection.sendall(b"\x02")

        thread = threading.Thread(target=drip)
        thread.start()
        client = client_of(f"https://127.0.0.1:{listener.getsockname()[1]}", ca_file=str(good), connect_seconds=0.4)
        error = within(4, lambda: client.upgrade(22, b"{}"), NotSent)
        is_over.set()
        thread.join(5)
    assert not error.is_sent


def test_handshake_that_hangs_ends_with_the_connect_time(hostile, good):
    # A raw server that takes our ClientHello for the beginning of a request and waits for more.
    server = hostile()
    client = client_of(server.url.replace("http:", "https:"), ca_file=str(good), connect_seconds=0.4)
    assert not within(4, lambda: client.upgrade(22, b"{}"), NotSent).is_sent
    assert server.connections == 1


def test_drip_over_tls_ends_with_the_deadline(hostile, good):
    server = hostile(tls=context(good))
    server.then(server.drip(b"HTTP/1.1 200 OK\r\nX: "))
    client = client_of(server.url, ca_file=str(good), post_seconds=0.5)
    assert within(4, lambda: client.upgrade(22, b"{}"), DeadlinePassed).is_sent
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_ca_file_that_cannot_be_used_is_refused_at_once(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"ca\.pem.*PEM"):
        client_of("https://ocp.example.com", ca_file=str(file))
