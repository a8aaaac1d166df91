"""Tickets: half a minute, once, without a query."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.core import signing

from hubbub.accounts import actions, tickets
from hubbub.accounts.api import Ticket
from hubbub.accounts.checks import check_tickets
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD
from hubbub.django import auth
from hubbub.django.application import hubbub_application
from hubbub.engine.actor import SYSTEM, Actor, user_key
from hubbub.protocol.errors import NotAuthenticated
from hubbub.testing import LiveEngine

ANN = Actor("u.7", 7, "ann", "Ann", "Smith", is_staff=True, login="abc", expires=1e10)


def refused(ticket: str, clock: object) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        tickets.redeem(ticket, clock)  # type: ignore[arg-type]
    return caught.value.message


def test_it_carries_all_of_the_actor_and_when_it_was_issued(clock):
    ticket = tickets.issue(ANN, clock)
    issued = clock.now().timestamp()
    clock.forward(7)
    assert tickets.redeem(ticket, clock) == replace(ANN, checked_at=issued)


def test_once(clock):
    """AUT-5"""
    ticket = tickets.issue(ANN, clock)
    tickets.redeem(ticket, clock)
    refused(ticket, clock)
    tickets.redeem(tickets.issue(ANN, clock), clock)


def test_thirty_seconds(clock):
    """AUT-5"""
    good, late = tickets.issue(ANN, clock), tickets.issue(ANN, clock)
    clock.forward(30)
    tickets.redeem(good, clock)
    clock.forward(0.001)
    refused(late, clock)


def test_still_once_when_the_clock_is_set_back(clock):
    """AUT-5"""
    used, kept = tickets.issue(ANN, clock), tickets.issue(ANN, clock)
    tickets.redeem(used, clock)
    clock.forward(-20)
    refused(used, clock)
    clock.forward(-20)
    refused(used, clock)
    refused(kept, clock)  # From 40 seconds ahead.


def test_every_fault_has_the_same_text(clock):
    """AUT-1"""
    ticket = tickets.issue(ANN, clock)
    of_another_kind = signing.Signer(salt="another").sign_object(["nonce", clock.now().timestamp()])
    short = signing.Signer(salt="hubbub.accounts.ticket").sign_object(["nonce", clock.now().timestamp(), "u.7"])
    tickets.redeem(ticket, clock)
    texts = {
        refused(bad, clock) for bad in ("", "null", "x:y", "ü", "\ud800", ticket, ticket[:-1], of_another_kind, short)
    }
    assert texts == {"Token is invalid or expired"}


def test_the_memory_of_used_ones_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(tickets, "MOST_REMEMBERED", 3)
    for _ in range(3):
        tickets.redeem(tickets.issue(ANN, clock), clock)
    refused(tickets.issue(ANN, clock), clock)
    clock.forward(61)
    tickets.redeem(tickets.issue(ANN, clock), clock)


@pytest.mark.django_db
def test_by_token(api, ann, django_assert_num_queries):
    """AUT-1, AUT-5: connecting takes no query."""
    response = api.post("ticket/", token=api.sign_in()["access"])
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"ticket", "expires_in"}
    assert body["expires_in"] == 30
    with django_assert_num_queries(0):
        actor = auth.actor_of_scope({"query_string": f"ticket={body['ticket']}".encode(), "headers": []})
    assert actor is not None
    assert (actor.key, actor.username, actor.login) == (f"u.{ann.pk}", "ann", Login.objects.get().pk)
    assert actor.expires is not None
    with pytest.raises(NotAuthenticated):
        auth.actor_of_scope({"query_string": f"ticket={body['ticket']}".encode(), "headers": []})


@pytest.mark.django_db
def test_by_cookie(api, ann):
    api.post("session/", {"username": "ann", "password": PASSWORD})
    actor = tickets.redeem(api.post("ticket/").json()["ticket"])
    assert (actor.key, actor.login, actor.expires) == (f"u.{ann.pk}", Login.objects.get().pk, None)


@pytest.mark.django_db
def test_a_ticket_is_no_token(api, ann):
    ticket = api.post("ticket/", token=api.sign_in()["access"]).json()["ticket"]
    assert api.get("me/", token=ticket).status_code == 401


@pytest.mark.django_db
def test_their_number_is_limited(api, ann):
    """LIM-2"""
    access = api.sign_in()["access"]
    codes = [api.post("ticket/", token=access).status_code for _ in range(61)]
    assert codes == [200] * 60 + [429]


@pytest.mark.django_db
def test_it_dates_from_before_the_check_of_the_credentials(api, ann, monkeypatch):
    """AUT-4: or else an ending in between would be taken for older than the ticket."""
    checked = []

    def authenticate(view, request):
        checked.append(time.time())
        assert request.user == ann

    access = api.sign_in()["access"]
    monkeypatch.setattr(Ticket, "perform_authentication", authenticate)
    issued = tickets.redeem(api.post("ticket/", token=access).json()["ticket"]).checked_at
    assert issued is not None
    assert issued <= checked[0]


@pytest.mark.parametrize("seconds", [0, -1, 30.5, 3600, float("nan")])
def test_a_ticket_that_outlives_the_memory_of_endings_is_an_error(settings, seconds):
    """AUT-4, AUT-5"""
    assert check_tickets() == []
    settings.HUBBUB = {**settings.HUBBUB, "TICKET_SECONDS": seconds}
    assert [error.id for error in check_tickets()] == ["hubbub.E102"]


async def stays_open(ticket):
    """Whether a socket stays open; one that does not is closed 4001 with no frame before."""
    socket = WebsocketCommunicator(hubbub_application(None), f"/ws/?ticket={ticket}")  # type: ignore[arg-type]
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(10))["type"] == "websocket.accept"
    output = await socket.receive_output(10)
    if output["type"] == "websocket.send":
        await socket.disconnect()
        return True
    assert output["code"] == 4001
    return False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("ended", "closes"),
    [
        ({"login": "abc"}, True),
        ({"login": "another"}, False),
        ({"except_login": "abc"}, False),
        ({"except_login": "another"}, True),
        ({}, True),
        ({"actor_key": "u.8"}, False),
    ],
)
async def test_an_ending_after_it_was_issued(ended, closes):
    """AUT-4, AUT-2: wherever the sign-in ended, and however late within its life the ticket is used."""
    async with LiveEngine() as live:
        before = tickets.issue(ANN, checked_at=time.time() - 29)
        live.engine.sessions.end(**{"actor_key": "u.7", "reason": "signed out", **ended})
        after = tickets.issue(ANN, checked_at=time.time() + 0.01)
        await asyncio.sleep(0.02)
        assert await stays_open(before) is not closes
        assert await stays_open(after)


@pytest.mark.django_db(transaction=True)
async def test_an_ending_before_the_process_began(ann):
    """AUT-4, AUT-5: a restart between the ending and the ticket's use lets nobody in."""
    who = replace(ANN, key=user_key(ann.pk), user_id=ann.pk)
    before = tickets.issue(who, checked_at=time.time() - 20)
    await sync_to_async(actions.end_logins)(SYSTEM, ann, actions.DEACTIVATED)
    await asyncio.sleep(0.02)
    after = tickets.issue(who)
    async with LiveEngine():
        assert not await stays_open(before)
        assert await stays_open(after)
