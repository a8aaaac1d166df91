"""Whatever a project sets or swaps, people talk: by cookie and by token, over REST and by socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.projects.conftest import Serve
from tests.projects.project import PASSWORD, Project, Visitor, close_code

pytestmark = pytest.mark.slow

FORWARDED = {"X-Forwarded-Host": "community.example", "X-Forwarded-Proto": "https"}
UVICORN = ("uvicorn", "--host", "127.0.0.1", "--port", "{port}", "tests.projects.asgi:application")

# How a project is served, where its page is, and what the page must say of where things are.
PROJECTS: dict[str, tuple[dict[str, Any], str, dict[str, str]]] = {
    "plain": ({}, "/hubbub/", {"root": "/hubbub/", "api": "/hubbub/api/", "socket": "/ws/"}),
    "people": ({}, "/hubbub/", {}),
    "prefix": (
        {},
        "/community/",
        {"root": "/community/", "api": "/community/api/", "socket": "/community/live/"},
    ),
    "script_name": (
        {"strip": "/apps/hub"},
        "/apps/hub/hubbub/",
        {"root": "/apps/hub/hubbub/", "api": "/apps/hub/hubbub/api/", "socket": "/apps/hub/ws/"},
    ),
    "root_path": (
        {"settings": "plain", "server": (*UVICORN, "--root-path", "/apps/hub"), "strip": "/apps/hub"},
        "/apps/hub/hubbub/",
        {"root": "/apps/hub/hubbub/", "api": "/apps/hub/hubbub/api/", "socket": "/apps/hub/ws/"},
    ),
    "databases": ({"databases": ("default", "chat")}, "/hubbub/", {}),
    "rest": ({}, "/hubbub/", {}),
    "channels": ({"server": (*UVICORN[:-1], "tests.projects.channels:application")}, "/hubbub/", {}),
    "keys": ({}, "/hubbub/", {}),
    "proxied": ({}, "/hubbub/", {}),
}


def served(serve: Serve, name: str) -> tuple[Project, str, dict[str, str]]:
    options, page, says = PROJECTS[name]
    return (
        serve(options.get("settings", name), name, **{k: v for k, v in options.items() if k != "settings"}),
        page,
        says,
    )


def names(project: str) -> tuple[str, str]:
    domain = "@example.org" if project == "people" else ""
    return f"ada{domain}", f"bob{domain}"


def headers(project: str) -> Mapping[str, str]:
    return FORWARDED if project == "proxied" else {}


@pytest.mark.parametrize("name", PROJECTS)
def test_people_talk(serve: Serve, name: str) -> None:
    project, page, says = served(serve, name)
    ada, bob = names(name)
    hers, his = (Visitor(project, page, headers(name)) for _ in range(2))
    assert says.items() <= hers.page.items()
    hers.ask("GET", "auth/me/", 401)
    hers.sign_in(ada)
    me = hers.ask("GET", "auth/me/")
    assert me["username"] == ada

    # Bob has no cookie but a token; his socket is open before there is anything to hear.
    token = his.ask("POST", "auth/token/", username=bob, password=PASSWORD)["access"]
    his.http.headers["Authorization"] = f"Bearer {token}"
    other = his.ask("GET", "auth/me/")
    theirs = his.socket(f"?token={token}", cookie=False)
    assert theirs.ready["user"]["id"] == other["id"]
    theirs.ask("inbox.subscribe")
    own = hers.socket()
    assert own.ready["user"]["id"] == me["id"]
    own.ask("subscribe", f"user.{me['id']}")

    group = hers.ask("POST", "conversations/", participants=[bob], title="Lunch")
    added = theirs.frame("chat.conversation_added")
    assert added["topic"] == f"user.{other['id']}"
    assert [each["id"] for each in group["participants"]] == [me["id"], other["id"]]
    first = hers.ask("POST", f"conversations/{group['id']}/messages/", content="by REST")
    assert theirs.frame("chat.message_sent")["data"]["message"] == first
    assert first["sender"]["id"] == me["id"]
    own.ask("subscribe", group["topic"])
    second = theirs.ask("chat.send", group["topic"], content="by socket", client_id="one")["message"]
    assert own.frame("chat.message_sent")["data"]["message"] == second
    assert his.ask("GET", f"conversations/{group['id']}/messages/")["results"] == [first, second]

    # Events about a user carry the id that the user is known by.
    own.ask("chat.hide", group["topic"], message_id=second["id"])
    assert own.frame("chat.message_hidden")["topic"] == f"user.{me['id']}"
    theirs.ask("chat.typing", group["topic"], is_typing=True)
    assert own.frame("chat.typing")["data"]["user"]["id"] == other["id"]
    hers.ask("DELETE", f"conversations/{group['id']}/participants/", participants=[bob])
    assert theirs.frame("chat.conversation_removed")["data"] == {"conversation_id": group["id"]}
    assert own.frame("chat.participant_removed")["data"] == {"user_id": other["id"]}
    his.ask("GET", f"conversations/{group['id']}/messages/", 404)

    # A direct conversation is one, whoever begins it.
    direct = hers.ask("POST", "conversations/", participants=[bob])
    assert his.ask("POST", "conversations/", participants=[ada])["id"] == direct["id"]

    # Signing out closes the socket that came by this sign-in.
    hers.ask("DELETE", "auth/session/")
    assert own.closed() == 4001
    theirs.close()


@pytest.mark.parametrize("name", PROJECTS)
def test_guests_enter_rooms_from_own_pages_only(serve: Serve, name: str) -> None:
    project, page, _ = served(serve, name)
    visitor = Visitor(project, page, headers(name))
    scheme, host = ("https", "community.example") if name == "proxied" else ("http", f"127.0.0.1:{project.port}")
    guest, other = visitor.socket(Origin=f"{scheme}://{host}"), visitor.socket(Origin=f"{scheme}://{host}")
    topic = guest.ask("chat.join_room", name="general")["conversation"]["topic"]
    other.ask("subscribe", topic)
    guest.ask("chat.send", topic, content="hi", client_id="one")
    sender = other.frame("chat.message_sent")["data"]["message"]["sender"]
    assert (sender["id"], sender["username"]) == (0, "Anonymous")
    for socket in (guest, other):
        socket.close()
    with pytest.raises(InvalidStatus) as refused:
        visitor.socket(Origin="https://evil.example")
    assert refused.value.response.status_code == 403


def test_forwarded_headers_count_where_the_project_says_so_only(serve: Serve) -> None:
    """ORG-1: USE_X_FORWARDED_HOST makes another host's pages own, as it does for Django's requests."""
    project, page, _ = served(serve, "plain")
    with pytest.raises(InvalidStatus) as refused:
        Visitor(project, page, FORWARDED).socket(Origin="https://community.example")
    assert refused.value.response.status_code == 403


def test_a_proxy_may_leave_the_path_as_it_is(serve: Serve) -> None:
    project, page, says = served(serve, "script_name")
    project.strip = ""
    try:
        visitor = Visitor(project, page)
        assert visitor.page == visitor.page | says
        visitor.socket().close()
    finally:
        project.strip = "/apps/hub"


def test_ids_are_text_where_keys_are_no_numbers(serve: Serve) -> None:
    project, page, _ = served(serve, "people")
    account = Visitor(project, page).sign_in("ada@example.org").account
    assert isinstance(account["id"], str) and len(account["id"]) == 36


def test_own_consumers_go_on_as_they_were(serve: Serve) -> None:
    """They get Channels' user, on the layer that hubbub uses too; a socket of nobody's is refused."""
    project, page, _ = served(serve, "channels")
    ada = Visitor(project, page).sign_in("ada")
    hubbub = ada.socket()
    ada.page["socket"] = "/ws/corner/"
    corner, other = ada.raw_socket(), ada.raw_socket()
    corner.send('{"text": "hi"}')
    for socket in (corner, other):
        assert socket.recv(timeout=20) == '{"by": "ada", "text": "hi"}'
        socket.close()
    hubbub.close()


def test_own_keys_open_everything(serve: Serve) -> None:
    """Over REST by the project's DEFAULT_AUTHENTICATION_CLASSES, for sockets by ``register_credential``."""
    project, page, _ = served(serve, "keys")
    key = project.manage("shell", "-c", "from django.core.signing import Signer; print(Signer().sign('ada'))").stdout
    key = key.strip().splitlines()[-1]
    ada = Visitor(project, page)
    ada.http.headers["X-Key"] = key
    assert isinstance(ada.ask("GET", "conversations/")["results"], list)
    socket = ada.socket(f"?key={key}", cookie=False)
    assert socket.ready["user"]["username"] == "ada"
    socket.close()
    ada.http.headers["X-Key"] = "ada:forged"
    ada.ask("GET", "conversations/", 403)  # DRF has it so where an authentication class names no header.
    assert close_code(ada.raw_socket("?key=ada:forged")) == 4001
