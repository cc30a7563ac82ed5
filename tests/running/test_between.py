"""What lies between the suite and a target: credentials, proxies and authorities as environments have them."""

import pytest

from conformance.judging.profile import Profile
from conformance.running.budget import Budget
from conformance.running.first_look import FirstLook, first_look
from conformance.running.target import BadTarget, Target, normalised

SECRET = "Passw0rdOfSomebody"


def said(url="http://outside.example/v1", **target):
    """The one line with which a first look ends."""
    with pytest.raises(BadTarget) as caught:
        first_look(Target(url, {}, **target), url, Profile("p"), ("m",), Budget(Profile("p")))
    return str(caught.value)


def test_credentials_do_not_belong_into_an_address_that_every_report_shows():
    with pytest.raises(BadTarget, match="--header") as caught:
        normalised(f"https://me:{SECRET}@h/v1")
    assert SECRET not in str(caught.value)


def test_the_password_of_a_proxy_is_not_told():
    proxy = f"http://me:{SECRET}@127.0.0.1:9"
    line = said(proxy=proxy)
    assert "through the proxy http://127.0.0.1:9" in line
    assert SECRET not in line
    assert Target("http://h/v1", {}, proxy=proxy).proxy_shown == "http://127.0.0.1:9"
    assert SECRET not in repr(Target("http://h/v1", {}, proxy=proxy))
    assert "NO_PROXY=h goes past it" in FirstLook("http://h:8/v1", proxy="http://p").lines()[0]


@pytest.mark.parametrize(
    ("proxy", "says"), [("socks5://127.0.0.1:9", "SOCKS"), ("nonsense://127.0.0.1:9", "scheme")]
)
def test_a_proxy_that_cannot_be_used_is_one_line(proxy, says):
    assert says in said(proxy=proxy)


def test_authorities_that_are_not_there_are_one_line(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "no-such.pem")
    line = said("https://127.0.0.1:9/v1")
    assert "no-such.pem" in line
