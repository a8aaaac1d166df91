"""``hubbub createuser`` and ``hubbub token``."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD
from hubbub.django.auth import actor_of_token

pytestmark = pytest.mark.django_db


def run(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*args, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def test_createuser():
    out, err = run("createuser", "bob", "--password", PASSWORD, "--first-name", "Bob", "--email", "b@example.org")
    user = User.objects.get()
    assert (out, err) == ("Made the user bob.\n", "")
    assert (user.first_name, user.last_name, user.email, user.is_staff) == ("Bob", "", "b@example.org", False)
    assert user.check_password(PASSWORD)


def test_a_staff_member_enters_the_admin(client):
    run("createuser", "root", "--password", PASSWORD, "--staff")
    client.login(username="root", password=PASSWORD)
    assert client.get("/admin/hubbub_accounts/login/").status_code == 200


def test_a_weak_password_is_only_warned_of():
    _, err = run("createuser", "bob", "--password", "bob")
    assert "too short" in err
    assert User.objects.get().check_password("bob")


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["ANN", "--password", PASSWORD], "username: This name is not available."),
        (["a b", "--password", PASSWORD], "username: Enter a valid username"),
        (["a\nb", "--password", PASSWORD], "U\\+000A"),
        (["bob", "--password", PASSWORD, "--email", "x"], "email: Enter a valid email"),
        (["bob", "--password", ""], "The password is empty"),
    ],
)
def test_what_cannot_be_made_is_said(ann, args, text):
    with pytest.raises(CommandError, match=text):
        run("createuser", *args)
    assert User.objects.count() == 1


def test_the_password_is_asked_for_twice(monkeypatch):
    answers = iter([PASSWORD, PASSWORD, PASSWORD, "another"])
    monkeypatch.setattr("hubbub.accounts.management.commands.createuser.getpass", lambda prompt: next(answers))
    run("createuser", "bob")
    assert User.objects.get().check_password(PASSWORD)
    with pytest.raises(CommandError, match="differ"):
        run("createuser", "eve")


def test_token(ann):
    out, _ = run("token", "ann", "--days", "2")
    actor = actor_of_token(out.strip())
    assert (actor.username, actor.login) == ("ann", Login.objects.get().pk)
    assert actor.expires == pytest.approx(Login.objects.get().created_at.timestamp() + 2 * 86_400, abs=5)


def test_no_token_for_who_is_not_there(ann):
    for name in ("nobody", "ann"):
        User.objects.update(is_active=False)
        with pytest.raises(CommandError, match="no active user"):
            run("token", name)
    with pytest.raises(CommandError, match="--days"):
        run("token", "ann", "--days", "0")


def test_the_check_wants_the_list_of_used_tokens(settings):
    from hubbub.accounts.checks import check_apps

    assert check_apps() == []
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if "blacklist" not in app]
    assert [problem.id for problem in check_apps()] == ["hubbub.E101"]
