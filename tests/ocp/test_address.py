"""What a client is made of: credentials and an address, neither of which it repeats."""

import base64

import pytest

from tests.ocp.conftest import PASSWORD, client_of
from upgrades.ocp import BasicAuth, OcpClient
from upgrades.ocp.address import is_servers_own


def test_no_secret_stands_in_a_repr():
    auth = BasicAuth("olga", PASSWORD)
    assert repr(auth) == "BasicAuth('olga', ***)"
    assert repr(OcpClient("https://ocp.example.com/", auth)) == "OcpClient('https://ocp.example.com')"


def test_credentials_are_sent_as_utf8():
    assert base64.b64decode(BasicAuth("ольга", "пароль")._token).decode() == "ольга:пароль"


@pytest.mark.parametrize("username", ["", "a:b"])
def test_user_name_that_basic_cannot_carry_is_refused(username):
    with pytest.raises(ValueError, match="user name"):
        BasicAuth(username, "x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ocp.example.com",
        "ocp.example.com:8080",
        "ftp://ocp.example.com",
        "https://",
        "https:///path",
        "https://user:hunter2@ocp.example.com",
        "https://hunter2@ocp.example.com",
        "https://ocp.example.com?password=hunter2",
        "https://ocp.example.com/#hunter2",
        "https://ocp.example.com/\r\nX: y",
        "https://ocp.example.com /",
        "https://ocp.example.com\\@hunter2",
        "https://ocp.example.com:0",
        "https://ocp.example.com:99999",
        "https://ocp.example.com:hunter2",
        "https://[::1",
        "https://[::1%25eth0]",
        "https://[v1.x]",
        "https://*.example.com",
        "https://.example.com",
        "https://ocp..example.com",
        "https://" + "a" * 64 + ".example.com",
        "https://" + "a." * 127 + "com",
        "https://öcp.example.com",
    ],
)
def test_address_that_cannot_serve_is_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match="address of OCP") as caught:
        client_of(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_plain_http_needs_the_switch():
    with pytest.raises(ValueError, match="Use https, or allow http"):
        client_of("http://ocp.example.com", is_http_allowed=False)


@pytest.mark.parametrize(
    "url", ["https://ocp.example.com:8443/ocp", "https://10.0.0.1", "https://[::1]:8443", "https://ocp_1"]
)
def test_good_addresses_are_kept(url):
    assert repr(client_of(f"{url}/")) == f"OcpClient('{url}')"


def test_mask_of_an_empty_password_masks_the_rest():
    assert BasicAuth("olga", "").masked("Basic b2xnYTo= said olga") == "Basic *** said olga"


def test_scheme_in_capitals_is_the_same_scheme():
    assert repr(client_of("HTTPS://ocp.example.com")) == "OcpClient('https://ocp.example.com')"
    with pytest.raises(ValueError, match="Use https"):
        client_of("HTTP://ocp.example.com", is_http_allowed=False)


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        ("10.24.1.1", True),
        ("192.168.0.1", True),
        ("8.8.8.8", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("fd00::24", True),
        ("::ffff:10.24.1.1", True),
        ("64:ff9b::a18:101", True),
        ("169.254.1.1", False),
        ("fe80::1%eth0", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("0.0.0.0", False),  # noqa: S104 (nobody listens)
        ("::", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("0.1.2.3", False),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("fd00:ec2::254", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
    ],
)
def test_an_ocp_is_at_no_address_that_is_a_clouds_or_nobodys(address, is_fine):
    assert is_servers_own(address) is is_fine
