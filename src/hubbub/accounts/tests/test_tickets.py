"""Tickets: half a minute, once, without a query."""

from __future__ import annotations

import pytest
from django.core import signing

from hubbub.accounts import actions, tickets
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD
from hubbub.django import auth
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.errors import NotAuthenticated

ANN = Actor("u.7", 7, "ann", "Ann", "Smith", is_staff=True, login="abc", expires=1e10)


def refused(ticket: str, clock: object) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        tickets.redeem(ticket, clock)  # type: ignore[arg-type]
    return caught.value.message


def test_it_carries_all_of_the_actor(clock):
    assert tickets.redeem(tickets.issue(ANN, clock), clock) == ANN


def test_once(clock):
    """AUT-5"""
    ticket = tickets.issue(ANN, clock)
    tickets.redeem(ticket, clock)
    refused(ticket, clock)
    assert tickets.redeem(tickets.issue(ANN, clock), clock) == ANN


def test_thirty_seconds(clock):
    """AUT-5"""
    good, late = tickets.issue(ANN, clock), tickets.issue(ANN, clock)
    clock.forward(30)
    assert tickets.redeem(good, clock) == ANN
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
    assert tickets.redeem(tickets.issue(ANN, clock), clock) == ANN


@pytest.mark.parametrize(
    ("ended", "refuses"),
    [
        ({"login": "abc"}, True),
        ({"login": "another"}, False),
        ({"except_login": "abc"}, False),
        ({"except_login": "another"}, True),
        ({}, True),
        ({"actor_key": "u.8"}, False),
    ],
)
def test_an_ending_after_it_was_issued(clock, ended, refuses):
    """AUT-4"""
    ticket = tickets.issue(ANN, clock)
    clock.forward(5)
    ended = {"actor_key": "u.7", "login": "", "except_login": "", **ended}
    tickets.memory.end(**ended, now=clock.now().timestamp(), lifetime=30)
    if refuses:
        refused(ticket, clock)
        clock.forward(1)
    assert tickets.redeem(tickets.issue(ANN, clock), clock) == ANN


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


@pytest.mark.django_db(transaction=True)
def test_signed_out_or_deactivated_in_the_meantime(api, ann):
    """AUT-4: in this process at once, not after half a minute."""
    one, other = (api.sign_in()["access"] for _ in range(2))
    first, second, third = (api.post("ticket/", token=token).json()["ticket"] for token in (one, other, other))
    actions.end_login(SYSTEM, Login.objects.last().pk)  # type: ignore[union-attr]
    with pytest.raises(NotAuthenticated):
        tickets.redeem(first)
    tickets.redeem(second)
    ann.is_active = False
    ann.save()
    with pytest.raises(NotAuthenticated):
        tickets.redeem(third)
