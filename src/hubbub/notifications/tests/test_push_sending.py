"""One push: what its push service gets, and what becomes of each answer; where nothing is sent to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hubbub.notifications.push import endpoints, sending, vapid
from hubbub.notifications.push.endpoints import BadEndpoint, is_public, place_of
from hubbub.notifications.push.sending import Outcome, Push, send
from hubbub.notifications.tests.push_service import Browser, PushService, push_service

WHAT = Push(b'{"title":"Hello"}', ttl=60, urgency="high", topic="notification-1")


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    keys = {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_SUBJECT": "mailto:admin@example.org"}
    settings.HUBBUB = {**settings.HUBBUB, **keys, "PUSH_LOOPBACK": True}
    with push_service() as found:
        yield found


def push_to(browser: sending.Browser, seconds: float = 20.0) -> sending.Answer:
    return send(browser, WHAT, time.monotonic() + seconds)


def given(browser: Browser) -> sending.Browser:
    told = browser.subscription()
    return sending.Browser(told["endpoint"], told["p256dh"], told["auth"])


def test_it_is_signed_and_encrypted(service: PushService) -> None:
    """PSH-4: the service checks signature, audience and times, and the browser alone can read it."""
    browser = service.browser(vapid.own_public_key())
    assert push_to(given(browser)).outcome is Outcome.SENT
    (received,) = browser.received
    assert received.payload == {"title": "Hello"}
    assert received.claims["sub"] == "mailto:admin@example.org"
    assert (received.headers["ttl"], received.headers["urgency"]) == ("60", "high")
    assert received.headers["topic"] == "notification-1"


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "retry_after"),
    [
        (404, {}, Outcome.GONE, 0),
        (410, {}, Outcome.GONE, 0),
        (429, {"Retry-After": "90"}, Outcome.LATER, 90),
        (503, {"Retry-After": "99999999999"}, Outcome.LATER, 3600),
        (500, {"Retry-After": "soon"}, Outcome.LATER, 0),
        (403, {}, Outcome.REFUSED, 0),
        (302, {"Location": "/push/0"}, Outcome.REFUSED, 0),
        (307, {"Location": "/push/0"}, Outcome.REFUSED, 0),
    ],
)
def test_what_becomes_of_an_answer(
    service: PushService, status: int, headers: dict[str, str], outcome: Outcome, retry_after: float
) -> None:
    """PSH-7 PSH-2: a redirect is followed nowhere."""
    browser = service.browser(vapid.own_public_key())
    browser.answers = [(status, headers)]
    answer = push_to(given(browser))
    assert (answer.outcome, answer.retry_after) == (outcome, retry_after)
    assert browser.asked == 1 and not browser.received


def test_a_service_that_dawdles_is_cut_off(service: PushService) -> None:
    """PSH-7: each byte in time, and never the last one."""
    broken_off = threading.Event()

    def dawdle(request: Any) -> bool:
        request.connection.settimeout(0.02)
        while not broken_off.is_set():
            try:
                request.wfile.write(b"H")
                assert not request.connection.recv(1)
                broken_off.set()
            except TimeoutError:
                continue
            except OSError:
                broken_off.set()
        request.close_connection = True
        return True

    service.behave = dawdle
    assert push_to(given(service.browser(vapid.own_public_key())), 0.3).outcome is Outcome.SILENT
    assert broken_off.wait(10)


def test_nobody_there(service: PushService) -> None:
    browser = given(service.browser(vapid.own_public_key()))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = sending.Browser(f"http://127.0.0.1:{port}/", browser.p256dh, browser.auth)
    assert push_to(away).outcome is Outcome.LATER
    bad = sending.Browser(browser.endpoint, "A" * 87, browser.auth)
    assert push_to(bad).outcome is Outcome.GONE


def test_a_name_that_nobody_answers_for(service: PushService, monkeypatch: pytest.MonkeyPatch) -> None:
    """PSH-7: neither a task nor a request waits for it; and what is too late is not begun."""
    asked, answered = [], threading.Event()

    def look_up(*args: Any, **kwargs: Any) -> list[Any]:
        asked.append(args)
        answered.wait(10)
        return []

    browser = given(service.browser(vapid.own_public_key()))
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(endpoints, "LOOKUP_SECONDS", 0.02)
    assert push_to(browser).outcome is Outcome.SILENT
    assert push_to(browser, seconds=0).outcome is Outcome.LATER
    answered.set()
    assert len(asked) == 1


# Where may be pushed to


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def look_up(host: str, port: int, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/1",
        "https://push.example.org:22/1",
        "https://user:pass@push.example.org/1",
        "https://user@push.example.org/1",
        "https:///1",
        "https://push.example.org/1#part",
        "https://push.example.org/a b",
        "https://push.example.org/\r\nX: 1",
        "https://push.example.org:99999/",
        "https://[::1/",
        "https://püsh.example.org/",
        "https://push.example.org/" + "x" * 1000,
        "ftp://push.example.org/1",
        "gopher://push.example.org/",
        "",
    ],
)
def test_what_is_no_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """PSH-2"""
    resolved(monkeypatch, "93.184.216.34")
    with pytest.raises(BadEndpoint):
        place_of(endpoint)


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_whatever_its_name(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """PSH-2: also among public ones, of which another may be taken."""
    assert not is_public(address)
    for found in ((address,), ("93.184.216.34", address)):
        resolved(monkeypatch, *found)
        with pytest.raises(BadEndpoint):
            place_of("https://push.example.org/1")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_public_address_is_taken_as_it_was_looked_up(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """PSH-2: the connection goes to the address that was judged, by the name that the certificate must have."""
    resolved(monkeypatch, address)
    place = place_of("https://push.example.org/1?a=b")
    assert (place.host, place.port, place.address, place.path) == ("push.example.org", 443, address, "/1?a=b")
    called: list[Any] = []

    def connect(where: Any, timeout: float) -> Any:
        called.append(where)
        raise OSError("no network in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OSError, match="no network"):
        sending._Connection(place, 1).connect()
    assert called == [(address, 443)]


def test_loopback_only_where_it_is_allowed(settings: Any) -> None:
    """PSH-2"""
    for endpoint in ("http://127.0.0.1:9/1", "https://127.0.0.1/1", "https://localhost/1", "https://127.1/1"):
        with pytest.raises(BadEndpoint):
            place_of(endpoint)
    settings.HUBBUB = {**settings.HUBBUB, "PUSH_LOOPBACK": True}
    assert place_of("http://127.0.0.1:9/1").port == 9
    with pytest.raises(BadEndpoint):
        place_of("https://10.0.0.1/1")
