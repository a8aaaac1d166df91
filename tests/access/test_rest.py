"""REST: every route and method, for everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from hubbub.accounts import links
from hubbub.accounts.actions import sign_in_with_tokens
from hubbub.engine.actor import SYSTEM
from tests.access.table import REST, ROLES
from tests.access.world import ABSENT_ID, PASSWORD, World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OTHERS = ("outsider", "former", "staff")

# It is only stored: nothing is sent to it.
NEW_DEVICE = {"endpoint": "https://93.184.216.34/push/1", "p256dh": "B" * 87, "auth": "B" * 22}

# What is sent with a request, where it takes a body.
BODIES: dict[str, Callable[[World], dict[str, Any]]] = {
    "POST api/auth/register/": lambda w: {"username": "newcomer", "password": PASSWORD},
    "POST api/auth/token/": lambda w: {"username": "another", "password": PASSWORD},
    "POST api/auth/token/refresh/": lambda w: {"refresh": str(w.tokens("another"))},
    "POST api/auth/token/verify/": lambda w: {"token": str(w.tokens("another").access_token)},
    "POST api/auth/token/blacklist/": lambda w: {"refresh": str(w.tokens("another"))},
    "POST api/auth/session/": lambda w: {"username": "another", "password": PASSWORD},
    "PATCH api/auth/me/": lambda w: {"first_name": "Newly", "is_staff": True},
    "POST api/auth/password/": lambda w: {"password": PASSWORD, "new_password": f"{PASSWORD} too"},
    "POST api/auth/email/": lambda w: {"email": "new@example.org", "password": PASSWORD},
    "POST api/auth/deactivate/": lambda w: {"password": PASSWORD},
    "POST api/auth/password/reset/": lambda w: {"email": "nobody@example.org"},
    "POST api/auth/password/reset/confirm/": lambda w: {
        "token": links.reset_token(w.users["another"]),
        "new_password": f"{PASSWORD} too",
    },
    "POST api/auth/email/verify/": lambda w: {"token": links.address_token(w.users["another"], "new@example.org")},
    "POST api/notifications/push/": lambda w: NEW_DEVICE,
    "POST api/notifications/push/forget/": lambda w: {"endpoint": NEW_DEVICE["endpoint"]},
    "PATCH api/notifications/email/": lambda w: {"every": "daily"},
    "POST api/announcements/see/": lambda w: {"up_to": 1},
    "POST api/announcements/sent/": lambda w: {"audience": "everyone", "title": "Hello"},
    "PATCH api/announcements/sent/{announcement}/": lambda w: {"title": "Hello again"},
    "POST api/teams/": lambda w: {"name": "Kitchen"},
    "POST api/teams/{team}/members/": lambda w: {"users": [w.users["victim"].pk]},
    "DELETE api/teams/{team}/members/": lambda w: {"users": [w.users["victim"].pk]},
    "POST api/temporary-groups/": lambda w: {"name": "Party", "expires_at": "2100-01-01T00:00:00Z"},
    "PATCH api/temporary-groups/{group}/": lambda w: {"expires_at": "2100-01-01T00:00:00Z"},
    "POST api/temporary-groups/{group}/members/": lambda w: {"users": [w.users["victim"].pk]},
    "DELETE api/temporary-groups/{group}/members/": lambda w: {"users": [w.users["victim"].pk]},
    "POST api/notifications/mark/": lambda w: {"ids": [1]},
    "PUT api/notifications/preferences/": lambda w: {"kind": "general", "channel": "email", "on": True},
    "PUT api/notifications/quiet-hours/": lambda w: {"begins": "22:00", "ends": "07:00"},
    "POST api/conversations/": lambda w: {"participants": ["another"]},
    "POST api/conversations/{id}/participants/": lambda w: {"participants": ["another"]},
    "DELETE api/conversations/{id}/participants/": lambda w: {"participants": ["victim"]},
    "POST api/conversations/{id}/read/": lambda w: {"number": 1},
    "POST api/conversations/{id}/messages/": lambda w: {"content": "hello"},
}


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every route of the URL configuration but the admin's, as ``api/conversations/{id}/``."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            if each.app_name != "admin":
                yield from routes(each.url_patterns, prefix + str(each.pattern))
        elif isinstance(each, URLPattern):
            route = prefix + str(each.pattern)
            # A regular expression stands before all of the UI's, which have names.
            yield str(each.name) if "^" in route else re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def path_of(route: str, id: int, name: str = "garden") -> str:
    route = {"index": "", "push_worker": "push-worker.js", "mails_off": "mails/off/x/"}.get(route, route)
    return "/" + route.format(id=id, name=name, login="0" * 24, device=0, announcement=1, team=1, group=1)


def send(client: Client, method: str, path: str, body: dict[str, Any] | None) -> Any:
    if method == "GET":
        return client.get(path)
    return client.generic(method, path, data=json.dumps(body or {}), content_type="application/json")


def ask(world: World, client: Client, row: str, id: int | None = None) -> Any:
    method, route = row.split()
    for name in ("announcement", "team", "group"):
        route = route.replace(f"{{{name}}}", str(world.managed[name]))
    body = BODIES[row](world) if row in BODIES else None
    return send(client, method, path_of(route, id or world.group.id), body)


def test_every_route_and_method_has_a_row(world: World) -> None:
    """Nothing is served that the table does not know, and every row is served."""
    served = {
        f"{method} {route}"
        for route in routes()
        for method in METHODS
        if send(world.client("member"), method, path_of(route, world.group.id), {}).status_code != 405
    }
    assert served == set(REST)


@pytest.fixture
def guests(settings: Any) -> Callable[[str], None]:
    def let_in(role: str) -> None:
        settings.HUBBUB = {**settings.HUBBUB, "GUESTS": role != "anonymous"}

    return let_in


# A cookie makes the same actor as a token: two roles are enough to show that.
CREDENTIALS = [*((role, "token") for role in ROLES), ("outsider", "session"), ("member", "session")]


@pytest.mark.parametrize(("role", "credential"), CREDENTIALS)
@pytest.mark.parametrize("row", REST)
def test_cell(world: World, guests: Callable[[str], None], row: str, role: str, credential: str) -> None:
    guests(role)
    answer = ask(world, world.client(role, credential), row)
    assert answer.status_code == REST[row][ROLES.index(role)], answer.content


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize("row", [row for row in REST if "{id}" in row])
def test_forbidden_is_as_absent(world: World, row: str, role: str) -> None:
    """ACC-1 ERR-3: status, headers and body say nothing about whether there is such a conversation."""
    client = world.client(role)
    for existing in (world.group.id, world.direct.id):
        there, nowhere = ask(world, client, row, existing), ask(world, client, row, ABSENT_ID)
        assert there.status_code == nowhere.status_code == 404
        assert there.content == nowhere.content
        assert dict(there.headers) == dict(nowhere.headers)


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_to_do_nothing_takes_the_same_right(world: World, role: str, method: str) -> None:
    """ACC-1"""
    path = path_of("api/conversations/{id}/participants/", world.group.id)
    assert send(world.client(role), method, path, {"participants": []}).status_code == 404


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize("route", [route for route in dict.fromkeys(routes()) if "{id}" in route])
@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT"])
def test_other_methods_tell_no_more(world: World, route: str, role: str, method: str) -> None:
    """ACC-1"""
    client = world.client(role)
    there, nowhere = (send(client, method, path_of(route, id), {}) for id in (world.group.id, ABSENT_ID))
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)


def test_a_cursor_tells_nothing_of_others(world: World) -> None:
    """ACC-1: paging from another's conversation on is as paging from one that does not exist."""
    client = world.client("outsider")
    there, nowhere = (client.get(f"/api/conversations/?before={id}") for id in (world.group.id, ABSENT_ID))
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)


def test_a_member_may_not_remove_who_is_not_there(world: World) -> None:
    """ACC-1: a name of somebody elsewhere, and a name of nobody."""
    client = world.client("maker")
    path = path_of("api/conversations/{id}/participants/", world.group.id)
    known, unknown = (send(client, "DELETE", path, {"participants": [name]}) for name in ("outsider", "nobody"))
    assert known.status_code == unknown.status_code == 404
    assert known.content == unknown.content


def test_signed_out_is_anonymous(world: World) -> None:
    """AUT-4: the table's answers for nobody, from the same client a moment later."""
    client = world.client("member")
    assert ask(world, client, "DELETE api/auth/session/").status_code == 204
    for row, expected in REST.items():
        if "conversations" in row:
            assert ask(world, client, row).status_code == expected[0]


def test_a_deactivated_user_is_anonymous(world: World) -> None:
    """AUT-4"""
    user = world.users["member"]
    client = Client(headers={"Authorization": f"Bearer {sign_in_with_tokens(SYSTEM, user).access_token}"})
    assert ask(world, client, "GET api/auth/me/").status_code == 200
    user.is_active = False
    user.save()
    for row, expected in REST.items():
        if "conversations" in row:
            assert ask(world, client, row).status_code == expected[0]
