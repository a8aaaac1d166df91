"""What every answer of a production server says to a browser: headers, cookies, other sites."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.formats.client import Person
from tests.formats.people import make_people
from tests.services import HOST, LiveServer, live_servers

LISTED = "https://app.example"
PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "a key for tests that is long enough not to be complained about 0123456789",
    "ALLOWED_HOSTS": f"good.example,{HOST}",
    "HUBBUB_ALLOWED_ORIGINS": LISTED,
    "HUBBUB_TRUSTED_PROXIES": HOST,
}
SECURE = {"Host": "good.example", "X-Forwarded-Proto": "https"}
PAGES = [
    "", "sign-in", "register", "settings", "c/1", "r/garden", "inspector/", "no/such/page",
    "healthz", "readyz", "metrics",
    "admin/", "admin/login/", "admin/auth/user/", "admin/auth/user/add/", "admin/no/such/",
    "api/docs/", "api/schema/", "api/auth/me/", "api/conversations/", "api/conversations/999/", "api/no/such/",
    "static/hubbub/app.js", "static/admin/css/base.css", "static/no/such.js",
]  # fmt: skip
PROMOTE = """
from django.contrib.auth import get_user_model
get_user_model().objects.filter(username="keeper").update(is_staff=True, is_superuser=True)
get_user_model().objects.create_user("ada", password="a long enough phrase")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("production")) as start:
        yield start(env=PRODUCTION)


@pytest.fixture(scope="module")
def people(server: LiveServer) -> list[Person]:
    """Somebody, and somebody who may do anything."""
    found = make_people(server, ["ann", "keeper"])
    server.manage("shell", "-v0", "-c", PROMOTE)
    return found


def browser(server: LiveServer, person: Person | None = None, **headers: str) -> httpx.Client:
    cookies = {"sessionid": person.cookie} if person else {}
    sent = SECURE | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Client(base_url=server.url, headers=sent, cookies=cookies, trust_env=False, timeout=20)


def csrf_token(client: httpx.Client) -> str:
    """As a page has it. The cookie is sent over TLS alone, which this client doesn't know that the proxy speaks."""
    token = client.get("/sign-in").cookies["csrftoken"]
    client.cookies.delete("csrftoken")
    client.cookies.set("csrftoken", token)
    return str(token)


def policy_of(answer: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";") if part.strip()]
    return {name: values for name, *values in parts}


def faults_of(answer: httpx.Response) -> list[str]:
    """What a browser isn't told that it should be."""
    policy = policy_of(answer) if "Content-Security-Policy" in answer.headers else {}
    loose = [word for values in policy.values() for word in values if word in ("'unsafe-inline'", "'unsafe-eval'", "*")]
    wanted = {
        "a policy": bool(policy),
        "frame-ancestors": policy.get("frame-ancestors") == ["'none'"],
        "a default": policy.get("default-src") == ["'none'"],
        "nosniff": answer.headers.get("X-Content-Type-Options") == "nosniff",
        "Referrer-Policy": answer.headers.get("Referrer-Policy") == "same-origin",
        "HSTS": "max-age=31536000" in answer.headers.get("Strict-Transport-Security", ""),
    }
    return [name for name, found in wanted.items() if not found] + loose


def test_every_page_says_what_it_may_do(server: LiveServer, people: list[Person]) -> None:
    """Security 14: to everybody, errors, redirects and files as well."""
    wrong, seen = {}, 0
    for person in (None, *people):
        with browser(server, person) as client:
            for path in PAGES:
                answer = client.get(f"/{path}")
                assert answer.status_code < 500, path
                seen += 1
                if faults := faults_of(answer):
                    wrong[path, person and person.username, answer.status_code] = faults
    print(f"{seen} answers of {len(PAGES)} paths to 3 people: {len(wrong)} without a header")
    assert not wrong


def test_who_is_not_answered_by_django(server: LiveServer) -> None:
    """Security 14: a page of plain HTTP, and of a host that is another's, shows nothing."""
    with browser(server, Host="evil.example") as client:
        assert client.get("/").status_code == 400
    with browser(server, X_Forwarded_Proto="http") as client:
        answer = client.get("/sign-in")
        assert (answer.status_code, answer.headers["Location"]) == (301, "https://good.example/sign-in")


def test_cookies(server: LiveServer, people: list[Person]) -> None:
    """Security 14: Secure, SameSite, and HttpOnly but for the one that a page has to read, which is no secret of it."""
    with browser(server) as client:
        headers = {"X-CSRFToken": csrf_token(client), "Referer": "https://good.example/"}
        body = {"username": "ada", "password": "a long enough phrase"}
        answer = client.post("/api/auth/session/", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    found = {line.split("=")[0]: line for line in answer.headers.get_list("Set-Cookie")}
    print(f"cookies: {sorted(found)}")
    assert found.keys() == {"sessionid", "csrftoken"}
    for name, line in found.items():
        assert "Secure" in line and "SameSite=Lax" in line
        assert ("HttpOnly" in line) == (name == "sessionid")


ORIGINS = [
    "https://evil.example", "null", "http://good.example", "https://good.example.evil.example",
    "https://app.example.evil.example", "http://app.example", "https://app.example:444", "https://good.example:444",
]  # fmt: skip
WRITES = [
    ("POST", "api/conversations/"), ("POST", "api/auth/ticket/"), ("PATCH", "api/auth/me/"),
    ("POST", "api/auth/password/"), ("POST", "api/auth/email/"), ("POST", "api/auth/deactivate/"),
    ("DELETE", "api/auth/session/"), ("DELETE", "api/auth/logins/"), ("POST", "api/conversations/1/messages/"),
    ("POST", "api/conversations/1/leave/"), ("POST", "api/conversations/1/read/"),
    ("POST", "api/conversations/1/participants/"), ("DELETE", "api/conversations/1/participants/"),
    ("POST", "api/auth/session/"),
    ("POST", "admin/login/"), ("POST", "admin/auth/user/add/"), ("POST", "admin/logout/"),
]  # fmt: skip


def test_a_cookie_alone_writes_nothing(server: LiveServer, people: list[Person]) -> None:
    """Security 13: every route that writes, without the token, with a wrong one, and with one from another site."""
    tried = 0
    for person in people:
        with browser(server, person) as client:
            good = csrf_token(client)
            at_home, elsewhere = "https://good.example", "https://evil.example"
            for headers in (
                {"Origin": at_home},
                {"Origin": at_home, "X-CSRFToken": "x" * 32},
                {"Origin": elsewhere, "X-CSRFToken": good},
                {"Origin": "null", "X-CSRFToken": good},
                {"Origin": "https://good.example.evil.example", "X-CSRFToken": good},
                {"Referer": f"{elsewhere}/good.example", "X-CSRFToken": good},
                {"X-CSRFToken": good},  # Over TLS a browser says where it comes from.
            ):
                for method, path in WRITES:
                    answer = client.request(method, f"/{path}", json={}, headers=headers)
                    assert answer.status_code == 403, (method, path, headers, answer.text[:200])
                    tried += 1
            for headers in ({"Origin": at_home}, {"Referer": f"{at_home}/settings"}, {"Origin": LISTED}):
                answer = client.post("/api/auth/ticket/", headers=headers | {"X-CSRFToken": good})
                assert answer.status_code == 200, "with it all is well"
    print(f"{tried} requests by cookie without a good CSRF token: all answered 403")


def test_other_sites_may_not_read(server: LiveServer, people: list[Person]) -> None:
    """Security 13: no answer is for everybody, none to another site lets it see what a cookie opens."""
    tried = 0
    for person in (None, people[1]):
        with browser(server, person) as client:
            for path in PAGES:
                for origin in (*ORIGINS, LISTED):
                    wish = {"Origin": origin, "Access-Control-Request-Method": "POST"}
                    for answer in (client.get(f"/{path}", headers=wish), client.options(f"/{path}", headers=wish)):
                        tried += 1
                        allowed = answer.headers.get("Access-Control-Allow-Origin")
                        assert "Access-Control-Allow-Credentials" not in answer.headers, (path, origin)
                        if path.startswith("static/"):
                            assert allowed in (None, "*", LISTED)  # The same for everybody.
                        else:
                            assert allowed == (LISTED if origin == LISTED else None), (path, origin, allowed)
    print(f"{tried} answers to pages of {len(ORIGINS) + 1} origins: none with credentials, none for everybody")
