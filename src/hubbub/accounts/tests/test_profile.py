"""``me/``, ``logins/`` and ``deactivate/``: what people do with their own accounts."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from hubbub.accounts import actions
from hubbub.accounts.clients import device, vague_address
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD, Api
from hubbub.django.auth import actor_of_token
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import SYSTEM
from hubbub.engine.control import CONTROL_TOPIC, ActorRenamed, SessionsEnded

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def access(api, ann) -> str:
    return str(api.sign_in()["access"])


def renamings() -> list[ActorRenamed]:
    events = DjangoStreamStore().read(CONTROL_TOPIC, 0, 100)
    return [msgspec.json.decode(e.raw, type=ActorRenamed) for e in events if e.type == "control.actor_renamed"]


def test_names(api, ann, access):
    response = api("PATCH", "me/", {"first_name": " Anna ", "last_name": ""}, token=access)
    assert (response.status_code, response.json()["first_name"], response.json()["last_name"]) == (200, "Anna", "")
    assert api.get("me/", token=access).json() == response.json()
    assert renamings() == [ActorRenamed(f"u.{ann.pk}", "ann", "Anna", "")]
    assert api("PATCH", "me/", {}, token=access).status_code == 200
    assert len(renamings()) == 1


def test_a_name_changed_elsewhere_is_said_too(ann):
    ann.username = "anna"
    ann.save()
    assert renamings() == [ActorRenamed(f"u.{ann.pk}", "anna", "Ann", "Smith")]


def test_what_one_may_not_set_is_ignored(api, ann, access):
    before = User.objects.values().get()
    given = {
        "id": 77,
        "username": "root",
        "email": "root@example.org",
        "password": "x",
        "is_staff": True,
        "is_superuser": True,
        "is_active": False,
        "groups": [1],
        "user_permissions": [1],
        "last_login": None,
        "date_joined": "1999-01-01T00:00:00Z",
    }
    assert api("PATCH", "me/", given, token=access).status_code == 200
    assert User.objects.values().get() == before


@pytest.mark.parametrize("bad", ["a\nb", "a\u202eb", "a\x1b[31m", "x" * 151, ["x"], None])
@pytest.mark.parametrize("field", ["first_name", "last_name"])
def test_names_that_break_a_line_are_refused(api, ann, access, field, bad):
    response = api("PATCH", "me/", {field: bad}, token=access)
    assert response.status_code == 400
    assert response.json()[field]
    assert User.objects.values("first_name", "last_name").get() == {"first_name": "Ann", "last_name": "Smith"}


def test_where_one_is_signed_in(api, ann, access, django_assert_num_queries):
    browser = Api(REMOTE_ADDR="198.51.100.77")
    browser.post("session/", {"username": "ann", "password": PASSWORD}, user_agent=FIREFOX)
    User.objects.create_user("bob", password=PASSWORD)
    Api().sign_in("bob")
    ended = api.sign_in()
    api.post("token/blacklist/", {"refresh": ended["refresh"]})
    expired = actor_of_token(api.sign_in()["access"]).login
    Login.objects.filter(pk=expired).update(expires_at=timezone.now() - timedelta(seconds=1))
    actions.sign_in_with_access_token(SYSTEM, ann, timedelta(days=365))
    with django_assert_num_queries(2):  # The token's own sign-in, and the list.
        response = api.get("logins/", token=access)
    script, by_cookie, mine = response.json()
    assert (script["device"], script["address"], script["current"]) == ("hubbub token", "", False)
    assert (by_cookie["kind"], by_cookie["device"]) == ("session", "Firefox on Linux")
    assert by_cookie["address"] == "198.51.100.x"
    assert mine["current"] and mine["id"] == actor_of_token(access).login
    assert set(mine) == {"id", "kind", "device", "address", "created_at", "last_seen_at", "current"}
    assert [row["current"] for row in browser.get("logins/").json()] == [False, True, False]


def test_signing_out_elsewhere(api, ann, access, endings):
    """AUT-4"""
    browser = Api()
    browser.post("session/", {"username": "ann", "password": PASSWORD})
    other = api.sign_in()["access"]
    id = actor_of_token(other).login
    assert api("DELETE", f"logins/{id}/", token=access).status_code == 204
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "signed out", login=id)]
    assert api.get("me/", token=other).status_code == 401
    assert api("DELETE", f"logins/{id}/", token=access).status_code == 404
    assert browser.get("me/").status_code == 200
    mine = actor_of_token(access).login
    assert api("DELETE", "logins/", token=access).status_code == 204
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "signed out", except_login=mine)]
    assert browser.get("me/").status_code == 401
    assert api.get("me/", token=access).status_code == 200


def test_another_s_sign_in_is_as_absent(api, ann, access, endings):
    """ACC-1"""
    User.objects.create_user("bob", password=PASSWORD)
    theirs = Api().sign_in("bob")["access"]
    answers = [
        api("DELETE", f"logins/{id}/", token=access) for id in (actor_of_token(theirs).login, "0" * 24, "%00", "é")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert endings() == []
    assert Api().get("me/", token=theirs).status_code == 200


def test_closing_one_s_account(api, ann, access, endings):
    """AUT-4"""
    browser = Api()
    browser.post("session/", {"username": "ann", "password": PASSWORD})
    assert api.post("deactivate/", {"password": "wrong"}, token=access).status_code == 400
    assert api.post("deactivate/", {}, token=access).status_code == 400
    assert browser.post("deactivate/", {"password": PASSWORD}).status_code == 204
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "deactivated")]
    assert browser.get("me/").status_code == api.get("me/", token=access).status_code == 401
    assert api.post("token/", {"username": "ann", "password": PASSWORD}).status_code == 401
    # An admin makes it active again.
    ann.refresh_from_db()
    ann.is_active = True
    ann.save()
    assert api.get("me/", token=access).status_code == 401
    assert api.sign_in()


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("python-requests/2.32", "python-requests"),
        ("", ""),
    ],
)
def test_what_a_client_calls_itself(agent, said):
    assert device(agent) == said


def test_addresses_are_said_in_part():
    given = ["192.0.2.7", "2001:db8:1:2::3", "::ffff:192.0.2.7", "", "nonsense"]
    assert [vague_address(each) for each in given] == ["192.0.2.x", "2001:db8:1::", "192.0.2.x", "", ""]
