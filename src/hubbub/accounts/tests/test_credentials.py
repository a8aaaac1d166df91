"""Credentials and names of a project's own: what ``docs/how-to/authenticate.md`` says."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from hubbub.accounts import queries
from hubbub.accounts.checks import check_mails
from hubbub.accounts.serializers import user_body
from hubbub.django import auth
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import NotAuthenticated


def test_a_credential_of_a_projects_own(ann, monkeypatch):
    """AUT-1"""
    monkeypatch.setattr(auth, "_by_parameter", dict(auth._by_parameter))

    def actor_of_key(key: str) -> Actor:
        if key != "good":
            raise NotAuthenticated
        return auth.actor_of_user(User.objects.get())

    auth.register_credential("device_key", actor_of_key)
    actor = auth.actor_of_scope({"query_string": b"device_key=good"})
    assert actor is not None and actor.username == "ann"
    with pytest.raises(NotAuthenticated):
        auth.actor_of_scope({"query_string": b"device_key=bad"})


def test_a_server_without_mail_says_so(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert [problem.id for problem in check_mails()] == ["hubbub.I101"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert check_mails() == []


class Named:
    """A user of a model that has one name for all."""

    pk, is_active, email = 7, True, ""

    def get_username(self) -> str:
        return "ann@example.org"

    def get_full_name(self) -> str:
        return "Ann Smith"


def test_a_model_with_other_names():
    actor = auth.actor_of_user(Named())
    assert (actor.username, actor.first_name, actor.last_name) == ("ann@example.org", "Ann Smith", "")
    assert user_body(Named())["first_name"] == "Ann Smith"


def test_nul_is_not_looked_for(ann, django_assert_num_queries):
    """PostgreSQL fails for it, and its transaction with it."""
    with django_assert_num_queries(0):
        assert queries.login_of(ann, "a\0b") is None
        assert queries.user_by_pk("1\0") is None


def test_a_user_without_an_address(db, monkeypatch):
    monkeypatch.setattr(User, "EMAIL_FIELD", "nothing")
    user = User.objects.create_user("bob", email="bob@example.org")
    assert auth.email_field() == "" and user_body(user)["email"] == ""
