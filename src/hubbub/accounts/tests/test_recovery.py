"""``password/reset/``: a new password by the link of a mail."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ImproperlyConfigured

from hubbub.accounts import links, mails, queries
from hubbub.accounts.checks import check_links
from hubbub.accounts.tests.conftest import PASSWORD, Api, token_of
from hubbub.engine.control import SessionsEnded
from hubbub.protocol.errors import Busy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mails_at_once")]

NEW = "an entirely new one"


@pytest.fixture
def reset(api, ann, mailoutbox) -> str:
    """What the link of a mail is worth that Ann has asked for."""
    assert api.post("password/reset/", {"email": "ANN@example.org"}).status_code == 202
    return token_of(mailoutbox.pop(), "reset")


def use(token: str, password: str = NEW, **options: str) -> Any:
    return Api(**options).post("password/reset/confirm/", {"token": token, "new_password": password})


def test_a_new_password_by_mail(api, ann, mailoutbox, endings):
    """AUT-4: all sign-ins end, and nobody is signed in by a link."""
    pair, browser = api.sign_in(), Api()
    browser.client.force_login(ann)
    assert api.post("password/reset/", {"email": " Ann@example.org "}).json() == {}
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["ann@example.org"], "New password for testserver")
    assert "User name: ann\n" in mail.body and "within 1 hour:" in mail.body
    response = use(token_of(mail, "reset"))
    assert (response.status_code, response.json()) == (200, {"username": "ann"})
    assert not response.cookies
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "password changed")]
    assert api.get("me/", token=pair["access"]).status_code == 401
    assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 401
    assert browser.get("me/").status_code == 401
    assert api.sign_in(password=NEW)


def test_a_link_is_good_once(ann, reset, endings):
    """AUT-7"""
    assert use(reset).status_code == 200
    for password in (NEW, "yet another new one"):
        response = use(reset, password)
        assert (response.status_code, response.json()["code"]) == (400, "bad_data")
        assert "used already, or is too old" in response.json()["message"]
    assert len(endings()) == 1
    assert User.objects.get().check_password(NEW)


def test_two_that_use_one_link_at_once(ann, reset, monkeypatch):
    """The second has looked at it before the first was done."""
    read, waiting = links.user_of_reset, [True]

    def overtaken(token, *, lock=False):
        user = read(token, lock=lock)
        if not lock and waiting.pop(0):
            waiting.append(False)
            assert use(reset, "from the first one").status_code == 200
        return user

    monkeypatch.setattr(links, "user_of_reset", overtaken)
    assert use(reset, "from the second one").status_code == 400
    assert User.objects.get().check_password("from the first one")


@pytest.mark.parametrize("change", ["password", "email", "last_login", "is_active"])
def test_a_link_dies_with_what_it_was_made_for(ann, reset, change):
    if change == "password":
        ann.set_password("changed meanwhile")
    else:
        setattr(ann, change, {"email": "b@example.org", "last_login": datetime.now().astimezone()}.get(change, False))
    ann.save()
    assert use(reset).status_code == 400


def test_a_link_is_good_for_so_long(ann, reset, settings, monkeypatch):
    late = datetime.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 2)
    monkeypatch.setattr(default_token_generator, "_now", lambda: late)
    assert use(reset).status_code == 400


def test_links_that_are_none_are_refused_alike(ann, reset):
    uid, _, proof = reset.partition(".")
    other = User.objects.create_user("bob", "bob@example.org", PASSWORD)
    theirs = links.reset_token(other)
    forged = [
        "",
        ".",
        "x" * 1001,
        proof,
        f"{uid}.",
        f"{uid}.{proof}x",
        f"{theirs.partition('.')[0]}.{proof}",
        f"AA.{proof}",
        f"////.{proof}",
        "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5.a-b",
        f"{uid}.{proof[:6]}-\u00e9",
        links.address_token(ann, "ann@example.org"),
    ]
    answers = [use(token, REMOTE_ADDR=f"192.0.2.{n}") for n, token in enumerate(forged)]
    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.json()["message"] for answer in answers[3:]}) == 1
    assert use(reset).status_code == 200


def test_a_weak_password_leaves_the_link_good(ann, reset):
    response = use(reset, "12345678")
    assert (response.status_code, next(iter(response.json()))) == (400, "new_password")
    assert use(reset).status_code == 200


def test_nobody_learns_who_has_an_account(api, ann, mailoutbox, django_assert_num_queries, monkeypatch):
    """ACC-1, AUT-7: the answer is the same, and nothing is looked up before it."""
    jobs: list[Any] = []
    monkeypatch.setattr(mails.thread, "put", jobs.append)
    inactive = User.objects.create_user("bob", "bob@example.org", PASSWORD, is_active=False)
    User.objects.create_user("eve", "eve@example.org")  # Signs in elsewhere: no password to be replaced.
    answers = []
    for address in (ann.email, "nobody@example.org", inactive.email, "eve@example.org"):
        with django_assert_num_queries(0):
            answers.append(api.post("password/reset/", {"email": address}))
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"{}")}
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert len(jobs) == 4
    for job in jobs:
        job()
    assert [mail.to for mail in mailoutbox] == [[ann.email]]


def test_an_address_that_only_looks_alike_gets_nothing(api, mailoutbox, monkeypatch):
    """Some databases take the one for the other; the mail goes to the address as it is stored."""
    ann = User.objects.create_user("ann", "ann@example.org", PASSWORD)
    monkeypatch.setattr(queries, "_users", lambda: AnyAddress([ann]))
    api.post("password/reset/", {"email": "ann@exampl\u00e9.org"})
    assert not mailoutbox
    api.post("password/reset/", {"email": "ANN@EXAMPLE.ORG"})
    assert mailoutbox[0].to == ["ann@example.org"]


class AnyAddress(list[User]):
    """What a database finds that takes all letters for the same."""

    def filter(self, **kwargs: str) -> list[User]:
        return self


def test_each_account_of_an_address_gets_its_own_link(api, ann, mailoutbox):
    User.objects.create_user("bob", "ann@example.org", PASSWORD)
    api.post("password/reset/", {"email": "ann@example.org"})
    assert sorted(re.findall(r"User name: (\w+)", " ".join(mail.body for mail in mailoutbox))) == ["ann", "bob"]
    assert use(token_of(mailoutbox[0], "reset")).status_code == 200
    assert use(token_of(mailoutbox[1], "reset")).status_code == 200


def test_asking_is_limited(ann, mailoutbox):
    """LIM-2: by address of the asker with 429, by address of the mail in silence."""
    asker = Api(REMOTE_ADDR="192.0.2.1")
    for n in range(10):
        assert asker.post("password/reset/", {"email": f"n{n}@example.org"}).status_code == 202
    response = asker.post("password/reset/", {"email": ann.email}, x_forwarded_for="198.51.100.1")
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    for n in range(12):
        again = Api(REMOTE_ADDR=f"198.51.100.{n}").post("password/reset/", {"email": ann.email})
        assert (again.status_code, again.content) == (202, b"{}")
    assert len(mailoutbox) == 10


def test_guessing_links_is_limited(ann, reset):
    """LIM-6"""
    guesser = Api(REMOTE_ADDR="192.0.2.1")
    for path in ("password/reset/confirm/", "email/verify/") * 5:
        assert guesser.post(path, {"token": "x.y-z", "new_password": NEW}).status_code == 400
    assert use(reset, REMOTE_ADDR="192.0.2.1").status_code == 429
    assert use(reset, REMOTE_ADDR="192.0.2.2").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "evil.example#"]
)
def test_a_forged_host_leads_no_link_astray(api, ann, mailoutbox, host):
    response = api.post("password/reset/", {"email": ann.email}, host=host)
    assert response.status_code == 400
    api.post("password/reset/", {"email": ann.email}, x_forwarded_host=host)
    assert "http://testserver/reset#" in mailoutbox[0].body and "evil" not in mailoutbox[0].body
    assert len(mailoutbox) == 1


def test_where_any_host_is_allowed_the_public_url_counts(api, ann, mailoutbox, settings):
    settings.ALLOWED_HOSTS = ["*"]
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        api.post("password/reset/", {"email": ann.email}, host="evil.example")
    assert [problem.id for problem in check_links()] == ["hubbub.W102"]
    settings.HUBBUB = {"PUBLIC_URL": "https://chat.example.org/team"}
    api.post("password/reset/", {"email": ann.email}, host="evil.example")
    assert "https://chat.example.org/team/reset#" in mailoutbox[0].body and "evil" not in mailoutbox[0].body
    assert check_links() == []


def test_a_mail_that_cannot_be_sent_changes_no_answer(api, ann, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = api.post("password/reset/", {"email": ann.email})
    assert (response.status_code, response.content) == (202, b"{}")
    assert "a mail could not be sent: ConnectionRefusedError" in caplog.text
    assert "reset#" not in caplog.text


def test_mails_have_a_thread_and_a_bound(monkeypatch):
    monkeypatch.setattr(mails, "MOST_WAITING", 2)
    thread, begun, go, seen = mails.MailThread(), threading.Event(), threading.Event(), []

    def held() -> None:
        begun.set()
        go.wait(10)
        raise ValueError("lost")

    thread._waiting.maxsize = 2
    thread.put(held)
    assert begun.wait(10)
    done = threading.Event()
    thread.put(lambda: seen.append(threading.current_thread().name))
    thread.put(done.set)
    with pytest.raises(Busy):
        thread.put(done.set)
    go.set()
    assert done.wait(10), "the thread did not survive the failure"
    assert seen == ["hubbub-mail"]


def test_a_mail_is_lost_with_the_database_and_the_next_one_is_not(monkeypatch, caplog):
    done = threading.Event()

    def renew(alias: str) -> None:
        monkeypatch.setattr(mails, "renew_connections", lambda alias: None)
        raise ValueError("no database")

    monkeypatch.setattr(mails, "renew_connections", renew)
    thread = mails.MailThread()
    thread.put(lambda: None)
    thread.put(done.set)
    assert done.wait(10)
    assert "no database" in caplog.text


def test_a_project_has_its_own_words(api, ann, mailoutbox, settings, tmp_path):
    (tmp_path / "hubbub/mail").mkdir(parents=True)
    (tmp_path / "hubbub/mail/reset_password.txt").write_text("Grüße, {{ username }}: {{ link }}")
    (tmp_path / "hubbub/mail/reset_password_subject.txt").write_text("Neu\r\nBcc: eve@example.org")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    api.post("password/reset/", {"email": ann.email})
    (mail,) = mailoutbox
    assert mail.body.startswith("Grüße, ann: http://testserver/reset#")
    assert (mail.subject, mail.bcc) == ("Neu Bcc: eve@example.org", [])
