"""T11, T22, T23: an address that leads elsewhere than to an OCP, and a server that speaks an older TLS."""

import ipaddress
import socket
import ssl

import pytest

from tests.ocp.conftest import answer, client_of, hostile, payload
from tests.ocp.test_tls import certificate, context
from upgrades.ocp.address import checked_base_url, is_servers_own
from upgrades.ocp.errors import NotSent

__all__ = ["hostile"]

GOOD = answer(payload("cluster-upgrade"))
# 169.254.169.254 and its like, in every spelling that some library on the way would read as it.
NUMBERS = (
    "169.254.169.254",
    "169.254.169.254.",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "0xa9.254.0251.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.01",
    "127.0.0.01",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.999999999999",
    "0x",
    "0",
    "00.00.00.00",
)
NOBODYS = (
    "0.0.0.0",  # noqa: S104 (refused, not bound to)
    "0.1.2.3",
    "255.255.255.255",
    "240.0.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "100.100.100.200",
    "[::]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:100.100.100.200]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[ff02::1]",
    "[fd00:ec2::254]",
    "[FD00:EC2::254]",
    "[100::1]",
)
PARTS = (
    "ocp.example.com@169.254.169.254",
    "ocp.example.com:8443@evil.example",
    "evil.example#@ocp.example.com",
    "evil.example\\@ocp.example.com",
    "evil.example/\r\nHost: ocp.example.com",
    "ocp.example.com\r\nX-Forwarded-For: 127.0.0.1",
    "ocp.example.com%0d%0aX: y",
    "ocp.example.com?x=",
    "169。254。169。254",
    "①⑥⑨.254.169.254",
    "ocp.example.com\t",
    "ocp.example.com\x00.evil.example",
    "*.example.com",
    "%31%36%39.254.169.254",
    "",
    "[169.254.169.254]",
    "[::1",
    "::1",
    "ocp..example.com",
)
SCHEMES = (
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://ocp.example.com",
    "//evil.example",
    "dict://a:1",
)
FORMS = [f"https://{host}" for host in (*NUMBERS, *NOBODYS, *PARTS)] + list(SCHEMES)


def test_there_are_sixty_forms() -> None:
    assert len(set(FORMS)) >= 60


@pytest.mark.parametrize("address", FORMS)
def test_an_address_that_is_no_ocps_is_refused_in_every_spelling(address: str) -> None:
    with pytest.raises(ValueError, match="address of OCP"):
        checked_base_url(address, is_http_allowed=True)


@pytest.mark.parametrize(
    "address",
    ["https://10.0.0.1", "https://192.168.1.9:8443", "https://127.0.0.1:1", "https://[::1]:2", "https://[fd12::9]"],
)
def test_addresses_of_a_companys_own_network_are_good(address: str) -> None:
    assert checked_base_url(address, is_http_allowed=False) == address


def names_lead_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """The name server answers with these addresses, one after the other; what was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: object, **kwargs: object) -> object:
        if host.endswith(".example"):
            asked.append(host)
            host = answers[min(len(asked), len(answers)) - 1]
        return real(host, port, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "100.100.100.200", "fe80::1", "::ffff:169.254.169.254", "0.1.2.3"]
)
def test_a_name_that_leads_to_a_clouds_own_service_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    names_lead_to(monkeypatch, address)
    with pytest.raises(NotSent) as caught:
        client_of("http://rebound.example:80", connect_seconds=2.0).upgrade(22, b"{}")
    assert "no server's own" in caught.value.message
    assert address not in caught.value.message


def test_a_name_is_looked_up_once_and_what_was_judged_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, hostile: object
) -> None:
    server = hostile(GOOD)  # type: ignore[operator]
    port = server.url.rpartition(":")[2]
    asked = names_lead_to(monkeypatch, "127.0.0.1", "169.254.169.254")
    assert client_of(f"http://rebound.example:{port}").upgrade(22, b"{}").task.id == 108368
    assert asked == ["rebound.example"]


@pytest.mark.parametrize("number", range(0, 200, 20))
def test_every_spelling_of_an_address_is_judged_alike(number: int) -> None:
    plain = ipaddress.IPv4Address(number * 21_474_836 + 7)
    assert is_servers_own(f"::ffff:{plain}") == is_servers_own(f"64:ff9b::{plain}") == is_servers_own(str(plain))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_of_an_older_tls_is_sent_nothing(hostile: object, tmp_path: object, version: ssl.TLSVersion) -> None:
    file = certificate(tmp_path, "127.0.0.1")  # type: ignore[arg-type]
    old = context(file)
    old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    server = hostile(GOOD, tls=old)  # type: ignore[operator]
    with pytest.raises(NotSent) as caught:
        client_of(server.url, ca_file=str(file)).upgrade(22, b"{}")
    assert "TLS handshake" in caught.value.message
    assert server.requests == []
