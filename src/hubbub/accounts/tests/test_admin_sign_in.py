"""Signing in where Django has a page for it: the admin, and login views of a project's own."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from hubbub.accounts.tests.conftest import PASSWORD, Api

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
GOOD = {"username": "ann", "password": PASSWORD}
BAD = {"username": "ann", "password": "wrong"}

urlpatterns = [path("enter/", LoginView.as_view()), path("login/", lambda request: HttpResponse(), name="login")]


@pytest.fixture
def staff(ann):
    User.objects.update(is_staff=True)
    return ann


def test_the_admin_is_limited(staff):
    """LIM-6: ten guesses, then a plain page that says when to come back."""
    client = Client(REMOTE_ADDR="192.0.2.1")
    codes = [client.post(LOGIN, {**BAD, "username": f"n{n}"}).status_code for n in range(25)]
    assert codes == [200] * 10 + [429] * 15
    response = client.post(LOGIN, GOOD)
    assert response.status_code == 429
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert 1 <= int(response["Retry-After"]) <= 6
    assert response.content.startswith(b"Too many attempts to sign in.")
    assert client.get(LOGIN).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.2").post(LOGIN, GOOD).status_code == 302


def test_it_counts_with_the_other_ways_to_sign_in(staff):
    """LIM-6"""
    client, api = Client(REMOTE_ADDR="192.0.2.1"), Api(REMOTE_ADDR="192.0.2.1")
    for _ in range(5):
        assert client.post(LOGIN, BAD).status_code == 200
        assert api.post("token/", BAD).status_code == 401
    assert client.post(LOGIN, BAD).status_code == 429
    assert api.post("session/", GOOD).status_code == 429


def test_by_name_from_everywhere(staff):
    """LIM-6"""
    codes = [Client(REMOTE_ADDR=f"192.0.2.{n}").post(LOGIN, BAD).status_code for n in range(101)]
    assert codes == [200] * 100 + [429]


def test_only_failures_count(staff):
    """LIM-6: also those of people who may not use the admin, whose password is right."""
    User.objects.create_user("bob", password=PASSWORD)
    codes = [Client(REMOTE_ADDR="192.0.2.1").post(LOGIN, GOOD).status_code for _ in range(20)]
    assert codes == [302] * 20
    codes = [Client(REMOTE_ADDR="192.0.2.1").post(LOGIN, {**GOOD, "username": "bob"}).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


@override_settings(ROOT_URLCONF=__name__, TEMPLATES=[])
def test_a_projects_own_login_view_is_limited(ann, monkeypatch):
    """LIM-6"""
    monkeypatch.setattr(LoginView, "render_to_response", lambda self, context: HttpResponse())
    client = Client(REMOTE_ADDR="192.0.2.1")
    codes = [client.post("/enter/", BAD).status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert client.post("/login/", BAD).status_code == 200  # Merely called so.


def test_what_is_missing_or_odd_is_counted_by_address(staff):
    """LIM-6"""
    client = Client(REMOTE_ADDR="192.0.2.1")
    odd = [b"", b"username=", b"username=a%00b&password=x", b"username=" + b"x" * 5000, b"\xff=\xff"]
    codes = [
        client.post(LOGIN, odd[n % 5], content_type="application/x-www-form-urlencoded").status_code for n in range(11)
    ]
    assert codes == [200] * 10 + [429]


def test_a_project_is_told_what_is_missing(settings):
    """LIM-6: ``manage.py check``."""
    assert not [each for each in run_checks() if each.id == "hubbub.W101"]
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "accounts" not in each]
    assert [each.id for each in run_checks() if str(each.id).startswith("hubbub.W1")] == ["hubbub.W101"]
    settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each != "django.contrib.admin"]
    assert not [each for each in run_checks(tags=["hubbub"]) if each.id == "hubbub.W101"]
