"""Who asks: only what trusted proxies wrote is believed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.serve import clients
from monitor.serve.clients import client_address, is_foreign_form, share

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))
SITE = "https://evidence.example.org/monitor/"


def test_a_stranger_cannot_choose_an_address() -> None:
    assert client_address("203.0.113.9", ["198.51.100.1"], PROXIES) == "203.0.113.9"
    assert client_address("203.0.113.9", ["198.51.100.1"], ()) == "203.0.113.9"


def test_behind_proxies_the_right_most_stranger_is_the_client() -> None:
    chain = ["1.1.1.1, 198.51.100.1", "10.2.3.4"]
    assert client_address("10.0.0.1", chain, PROXIES) == "198.51.100.1"
    assert client_address("10.0.0.1", ["198.51.100.1:4711"], PROXIES) == "198.51.100.1"
    assert client_address("::1", ["[2001:db8::1]:443"], PROXIES) == "2001:db8::1"
    assert client_address("::ffff:10.0.0.1", ["198.51.100.1"], PROXIES) == "198.51.100.1"


@pytest.mark.parametrize("said", [[], [""], ["unknown"], ["198.51.100.1, nonsense"]])
def test_a_proxy_that_says_nothing_usable_is_itself_the_client(said: list[str]) -> None:
    assert client_address("10.0.0.1", said, PROXIES) == "10.0.0.1"


@given(st.lists(st.text()), st.text())
def test_whatever_is_written_there_nothing_breaks(said: list[str], peer: str) -> None:
    found = client_address("10.0.0.1", said, PROXIES)
    assert share(found)
    client_address(peer, said, PROXIES)


def test_an_ipv6_customer_counts_once() -> None:
    assert share("2001:db8:1:2:aaaa::1") == share("2001:db8:1:2:bbbb::2")
    assert share("2001:db8:1:2::1") != share("2001:db8:1:3::1")
    assert share("::ffff:192.0.2.1") == share("192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://evidence.example.org"}, True),
        ({"origin": "https://evidence.example.org"}, False),
        ({"origin": "https://evidence.example.org:443"}, False),
        ({"origin": "http://evidence.example.org"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "https://evidence.example.org.evil.example"}, True),
        ({"origin": "https://[bad"}, True),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_form_of_another_site_is_known_by_its_headers(
    headers: dict[str, str], foreign: bool
) -> None:
    assert is_foreign_form(headers, SITE) is foreign


def test_without_a_site_address_the_host_decides() -> None:
    assert not clients.is_foreign_form({"origin": "http://localhost:80", "host": "localhost"}, "")
    assert clients.is_foreign_form({"origin": "http://evil.example", "host": "localhost"}, "")
