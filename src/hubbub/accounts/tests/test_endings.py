"""What ends sign-ins without asking accounts: Django's own views, its admin, any code that saves a user."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from hubbub.accounts import actions
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD, Api
from hubbub.django.auth import LOGIN_KEY, actor_of_request, actor_of_token
from hubbub.django.models import Event
from hubbub.engine.actor import SYSTEM
from hubbub.engine.control import CONTROL_TOPIC, SessionsEnded

pytestmark = pytest.mark.django_db

NEW = "an entirely new one"


def still_open() -> set[str]:
    return set(Login.objects.filter(ended_at=None).values_list("pk", flat=True))


@pytest.fixture
def access(api, ann) -> str:
    return str(api.sign_in()["access"])


@pytest.fixture
def other(api, ann) -> str:
    """Another sign-in of the same user."""
    return actor_of_token(api.sign_in()["access"]).login


def test_what_has_expired_ends(api, access, other, ann, endings):
    """AUT-4: a cookie that was renewed goes on, and so does what was refreshed at the end, for its last minutes."""
    api.client.force_login(ann)
    kept, token = api.client.session[LOGIN_KEY], actor_of_token(access).login
    now = timezone.now()
    Login.objects.filter(pk__in=[token, kept]).update(expires_at=now - timedelta(days=1))
    Login.objects.filter(pk=other).update(expires_at=now)
    assert actions.end_expired(SYSTEM) == 2
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "expired", login=token)]
    assert still_open() == {other, kept} == set(Login.objects.filter(expires_at__gte=now).values_list("pk", flat=True))
    Login.objects.filter(pk=kept).update(expires_at=now - timedelta(days=1))
    Session.objects.update(expire_date=now)
    assert actions.end_expired(SYSTEM) == 1
    assert still_open() == {other}
    assert actions.end_expired(SYSTEM) == 0


def test_a_changed_password_ends_all_but_the_current(access, other, ann, endings):
    """AUT-4"""
    actor = actor_of_token(access)
    actions.change_password(actor, ann, NEW)
    assert still_open() == {actor.login}
    assert endings() == [SessionsEnded(actor.key, "password changed", except_login=actor.login)]
    ann.refresh_from_db()
    assert ann.check_password(NEW)


def test_a_password_changed_by_cookie_renews_the_cookie(api, other, ann, endings):
    """AUT-4: it goes on under its sign-in, and ends with it."""
    from django.test import RequestFactory

    api.client.force_login(ann)
    request = RequestFactory().post("/")
    request.session, request.user = api.client.session, ann
    login = request.session[LOGIN_KEY]
    actions.change_password(actor_of_request(request), ann, NEW, request=request)
    request.session.save()
    api.client.cookies["sessionid"] = request.session.session_key
    assert still_open() == {login}
    assert api.get("me/").status_code == 200
    actions.end_login(SYSTEM, login)
    assert api.get("me/").status_code == 401


def test_somebody_elses_sign_in_is_not_spared(access, ann, endings):
    """AUT-4"""
    admin = User.objects.create_superuser("root", password=PASSWORD)
    by_admin = actor_of_token(Api().sign_in("root")["access"])
    actions.change_password(by_admin, ann, NEW)
    assert still_open() == {by_admin.login}
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "password changed")]
    assert admin.pk != ann.pk


def test_a_view_that_saves_its_request_user_spares_the_request_s_token(access, other, ann):
    """AUT-4"""
    from rest_framework.test import APIRequestFactory

    from hubbub.accounts.authentication import TokenAuthentication

    request = APIRequestFactory().get("/", headers={"authorization": f"Bearer {access}"})
    found = TokenAuthentication().authenticate(request)
    assert found is not None
    found[0].set_password(NEW)
    found[0].save()
    assert still_open() == {actor_of_token(access).login}


@pytest.mark.parametrize("how", ["set_password", "hash", "update_fields", "unusable"])
def test_any_code_that_saves_a_changed_password_ends_all(access, other, ann, endings, how):
    """AUT-4"""
    if how == "hash":
        ann.password = make_password(NEW)
    elif how == "unusable":
        ann.set_unusable_password()
    else:
        ann.set_password(NEW)
    ann.save(**({"update_fields": ["password"]} if how in ("update_fields", "unusable") else {}))
    assert still_open() == set()
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "password changed")]


def test_a_newer_hash_of_the_same_password_ends_nothing(access, other, ann, endings, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    before = ann.password
    assert authenticate(username="ann", password=PASSWORD) == ann
    ann.refresh_from_db()
    assert ann.password != before
    assert len(still_open()) == 2
    assert endings() == []


def test_deactivation_ends_all(access, other, ann, endings):
    """AUT-4"""
    ann.is_active = False
    ann.save()
    assert still_open() == set()
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "deactivated")]
    assert Api().get("me/", token=access).status_code == 401


def test_deactivation_ends_cookies_for_good(api, ann):
    """AUT-4: being active again does not bring them back."""
    api.client.force_login(ann)
    ann.is_active = False
    ann.save(update_fields=["is_active"])
    ann.is_active = True
    ann.save()
    assert api.get("me/").status_code == 401


def test_a_deleted_user_s_sessions_end(access, ann, endings):
    """AUT-4"""
    key = f"u.{ann.pk}"
    ann.delete()
    assert endings() == [SessionsEnded(key, "deleted")]
    assert not Login.objects.exists()
    assert Api().get("me/", token=access).status_code == 401


def test_deleting_many_users_ends_each(access, ann, endings):
    """AUT-4"""
    User.objects.all().delete()
    assert [ended.reason for ended in endings()] == ["deleted"]


def test_other_changes_end_nothing_and_cost_little(access, ann, endings, django_assert_num_queries):
    ann.last_login = timezone.now()
    with django_assert_num_queries(1):
        ann.save(update_fields=["last_login"])
    ann.email = "anna@example.org"
    with django_assert_num_queries(3):  # Audiences look at the row too.
        ann.save()
    with django_assert_num_queries(1):
        User.objects.create_user("bob", password=PASSWORD)
    assert endings() == []
    assert len(still_open()) == 1


def test_the_ending_is_part_of_the_callers_transaction(access, ann, endings):
    """AUT-4: rolled back with it, never half."""
    from django.db import transaction

    with transaction.atomic():
        ann.is_active = False
        ann.save()
        assert len(endings()) == 1
        transaction.set_rollback(True)
    assert not Event.objects.filter(stream__topic=CONTROL_TOPIC).exists()
    assert len(still_open()) == 1


# Django's own views


def test_the_admin_s_login_and_logout_pages(client, endings):
    """AUT-4"""
    User.objects.create_superuser("root", password=PASSWORD)
    client.post("/admin/login/", {"username": "root", "password": PASSWORD, "next": "/admin/"})
    login = Login.objects.get()
    assert client.session[LOGIN_KEY] == login.pk
    client.post("/admin/logout/")
    assert [ended.login for ended in endings()] == [login.pk]
    assert still_open() == set()


def test_the_admin_s_own_password_page(client, endings):
    """AUT-4: all sign-ins end; Django keeps the cookie, which goes on without signing in again."""
    root = User.objects.create_superuser("root", password=PASSWORD)
    client.login(username="root", password=PASSWORD)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/admin/password_change/", form).status_code == 302
    assert endings() == [SessionsEnded(f"u.{root.pk}", "password changed")]
    assert client.get("/api/auth/me/").status_code == 200
    client.post("/admin/logout/")
    assert [ended.login for ended in endings()] == [Login.objects.get().pk]


def test_deactivation_in_the_admin(client, access, ann, endings):
    """AUT-4"""
    User.objects.create_superuser("root", password=PASSWORD)
    client.login(username="root", password=PASSWORD)
    form = {"username": "ann", "date_joined_0": "2026-11-21", "date_joined_1": "12:00:00"}
    assert client.post(f"/admin/auth/user/{ann.pk}/change/", form).status_code == 302
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "deactivated")]


# The admin's list of sign-ins


@pytest.fixture
def root(client):
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    return client


def test_the_list_takes_the_same_queries_for_any_number(root, access, other, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        assert root.get("/admin/hubbub_accounts/login/").status_code == 200
        count = len(few)
    for _ in range(5):
        Api().sign_in()
    with django_assert_num_queries(count):
        page = root.get("/admin/hubbub_accounts/login/?q=ann").content.decode()
    assert page.count("tokens") > 6


def test_signing_out_in_the_admin(root, access, other, endings):
    """AUT-4"""
    mine = actor_of_token(access).login
    form = {"action": "sign_out", "_selected_action": [mine]}
    assert root.post("/admin/hubbub_accounts/login/", form).status_code == 302
    assert mine not in still_open()
    assert other in still_open()
    assert [ended.login for ended in endings()] == [mine]
    assert Api().get("me/", token=access).status_code == 401


def test_deleting_in_the_admin_signs_out_first(root, access, other, endings):
    """AUT-4"""
    mine = actor_of_token(access).login
    assert root.post(f"/admin/hubbub_accounts/login/{mine}/delete/", {"post": "yes"}).status_code == 302
    form = {"action": "delete_selected", "_selected_action": [other], "post": "yes"}
    assert root.post("/admin/hubbub_accounts/login/", form).status_code == 302
    assert [ended.login for ended in endings()] == [mine, other]
    assert not Login.objects.filter(pk__in=[mine, other]).exists()


def test_nothing_is_added_or_edited_there(root, access):
    assert root.get("/admin/hubbub_accounts/login/add/").status_code == 403
    page = root.get(f"/admin/hubbub_accounts/login/{actor_of_token(access).login}/change/")
    assert b"_save" not in page.content


def test_signing_in_without_hubbub_s_session_keys_is_no_error(client, ann):
    """Signed cookies carry the session themselves: there is nothing to delete, and no key to keep."""
    id = actions.sign_in_with_session(SYSTEM, ann, "x" * 41)
    assert Login.objects.get(pk=id).session_key == ""
    actions.end_login(SYSTEM, id)
    actions.end_login(SYSTEM, "unknown")
    assert not Session.objects.exists()
