import pytest

from app.azure.errors import UntrustedLinkError
from app.azure.links import TrustedHosts, is_loopback

AZURE = TrustedHosts("https://management.azure.com", ["westeurope.management.azure.com", "other.example:8443"])
LOCAL = TrustedHosts("http://127.0.0.1:4000")


@pytest.mark.parametrize(
    "url",
    [
        "https://management.azure.com/x?y=z",
        "https://MANAGEMENT.azure.com:443/x",
        "https://westeurope.management.azure.com/x",
        "https://other.example:8443/x",
    ],
)
def test_a_link_to_a_trusted_host_is_followed(url: str) -> None:
    AZURE.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://management.azure.com/x",
        "https://management.azure.com.evil.example/x",
        "https://evil.example/management.azure.com",
        "https://management.azure.com@evil.example/x",
        "https://user@management.azure.com/x",
        "https://management.azure.com:444/x",
        "https://other.example/x",
        "https://169.254.169.254/metadata",
        "http://127.0.0.1:4000/x",
        "//management.azure.com/x",
        "/relative",
        "file:///etc/passwd",
        "https://[::1",
        "https://management.azure.com:port/x",
        "",
    ],
)
def test_a_link_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(UntrustedLinkError):
        AZURE.check(url)


def test_http_is_for_this_machine_only() -> None:
    LOCAL.check("http://127.0.0.1:4000/x")
    with pytest.raises(UntrustedLinkError):
        LOCAL.check("http://127.0.0.1:4001/x")
    with pytest.raises(UntrustedLinkError):
        TrustedHosts("http://azure.example").check("http://azure.example/x")


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="absolute"):
        TrustedHosts("management.azure.com")


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.8.9.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("localhost.evil", False)],
)
def test_loopback_is_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
