"""The live server and the proxy: real sockets on the test's database."""

import json
import threading
import urllib.request
from typing import Any

import pytest
from django.contrib.auth.models import User
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from hubbub import publish
from hubbub.chat import actions as chat
from hubbub.django import runtime
from hubbub.django.auth import actor_of_user
from hubbub.testing import LiveServer, Proxy

TIMEOUT = 20.0


@pytest.fixture
def ann(transactional_db: None) -> User:
    user = User.objects.create_user("ann")
    User.objects.create_user("ben")
    return user


def opened(live: LiveServer | Proxy, cookie: str) -> ClientConnection:
    return connect(live.ws_url, additional_headers={"Cookie": cookie}, proxy=None, open_timeout=TIMEOUT)


def ask(socket: ClientConnection, type: str, topic: str | None = None, **more: Any) -> dict[str, Any]:
    socket.send(json.dumps({"id": 1, "type": type, "topic": topic, **more}))
    return receive(socket, id=1)


def receive(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(TIMEOUT))
        if wanted.items() <= frame.items():
            return frame


def test_a_socket_and_a_page_for_real(ann, hubbub_live_server):
    """EVT-3: what the test commits is seen by the server, and what the server commits by the test."""
    group = chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation
    cookie = hubbub_live_server.cookie(ann)
    with opened(hubbub_live_server, cookie) as socket:
        assert receive(socket, type="ready")["data"]["user"]["username"] == "ann"
        assert "ok" in ask(socket, "subscribe", group.topic)
        chat.send_message(actor_of_user(ann), group.topic, "from the test")
        assert receive(socket, type="chat.message_sent")["data"]["message"]["content"] == "from the test"
        assert "ok" in ask(socket, "chat.send", group.topic, data={"content": "from the socket"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = urllib.request.Request(
        f"{hubbub_live_server.url}/api/conversations/{group.id}/messages/", headers={"Cookie": cookie}
    )
    with direct.open(asked, timeout=TIMEOUT) as response:
        assert response.status == 200 and b"from the socket" in response.read()
    assert chat.send_message(actor_of_user(ann), group.topic, "third").message.number == 3


def test_a_server_leaves_nothing_behind(ann, hubbub_live_server):
    before = {thread.name for thread in threading.enumerate()}
    assert "hubbub live server" in before
    with opened(hubbub_live_server, hubbub_live_server.cookie(ann)):
        pass


def test_which_is_so():
    assert runtime.current() is None
    left = {thread.name for thread in threading.enumerate() if thread.name.startswith("hubbub")}
    # Another test's: mails, and a worker's ephemeral events, have a thread for as long as the process lives.
    assert not left - {"hubbub-mail", "hubbub telling"}


def test_a_wire_that_is_cut_and_mended(ann, hubbub_live_server, hubbub_proxy):
    cookie = hubbub_live_server.cookie(ann)
    topic = chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation.topic
    with opened(hubbub_proxy, cookie) as socket:
        position = ask(socket, "subscribe", topic)["ok"]["position"]
        hubbub_proxy.cut()
        with pytest.raises(ConnectionClosed):
            socket.recv(TIMEOUT)
    with pytest.raises(OSError, match="refused"):
        opened(hubbub_proxy, cookie)
    chat.send_message(actor_of_user(ann), topic, "meanwhile")
    hubbub_proxy.mend()
    with opened(hubbub_proxy, cookie) as again:
        missed = ask(again, "subscribe", topic, since=position)["ok"]
        assert [each["data"]["message"]["content"] for each in missed["events"]] == ["meanwhile"]


def test_a_wire_that_stalls(ann, hubbub_live_server, hubbub_proxy):
    topic = chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation.topic
    with opened(hubbub_proxy, hubbub_live_server.cookie(ann)) as socket:
        ask(socket, "subscribe", topic)
        hubbub_proxy.stall("client")
        chat.send_message(actor_of_user(ann), topic, "held up")
        with pytest.raises(TimeoutError):
            socket.recv(0.2)
        hubbub_proxy.resume()
        assert receive(socket, type="chat.message_sent")["data"]["message"]["content"] == "held up"


def test_a_wire_without_sockets(ann, hubbub_live_server, hubbub_proxy):
    """What stands between may let pages through, and no WebSocket."""
    cookie = hubbub_live_server.cookie(ann)
    with opened(hubbub_proxy, cookie) as socket:
        receive(socket, type="ready")
        hubbub_proxy.cut_sockets()
        with pytest.raises(ConnectionClosed):
            socket.recv(TIMEOUT)
    with pytest.raises((OSError, InvalidHandshake)), opened(hubbub_proxy, cookie):
        pass
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{hubbub_proxy.url}/healthz", timeout=TIMEOUT) as response:
        assert response.status == 200
    hubbub_proxy.mend_sockets()
    with opened(hubbub_proxy, cookie) as socket:
        receive(socket, type="ready")


def test_a_wire_that_changes_what_is_said(ann, hubbub_live_server):
    def change(data: bytes) -> bytes:
        return data.replace(b'"ann"', b'"bea"')

    cookie = hubbub_live_server.cookie(ann)
    with Proxy(hubbub_live_server.port, change=lambda: change) as proxy, opened(proxy, cookie) as socket:
        assert receive(socket, type="ready")["data"]["user"]["username"] == "bea"


def test_a_reply_that_is_lost_though_its_command_arrived(ann, hubbub_live_server, hubbub_proxy):
    """ACK-2: what a client has to expect, byte by byte."""
    cookie = hubbub_live_server.cookie(ann)
    topic = chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation.topic
    data = {"content": "once", "client_id": "c1"}
    with opened(hubbub_proxy, cookie) as socket:
        receive(socket, type="ready")
        hubbub_proxy.cut_after(20, to="client")
        with pytest.raises(ConnectionClosed):
            ask(socket, "chat.send", topic, data=data)
    hubbub_proxy.mend()
    with opened(hubbub_proxy, cookie) as socket:
        assert ask(socket, "chat.send", topic, data=data)["ok"]["message"]["number"] == 1


def test_what_a_deaf_client_misses(ann, hubbub_live_server, hubbub_proxy):
    topic = chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation.topic
    with opened(hubbub_proxy, hubbub_live_server.cookie(ann)) as socket:
        ask(socket, "subscribe", topic)
        hubbub_proxy.deafen()
        socket.send(json.dumps({"id": 2, "type": "chat.send", "topic": topic, "data": {"content": "arrives"}}))
        with opened(hubbub_proxy, hubbub_live_server.cookie(ann)) as other:
            # That what the deaf one said has arrived shows in the log.
            since = ask(other, "subscribe", topic)["ok"]["position"]
            if since["offset"] == 0:
                receive(other, type="chat.message_sent")
        with pytest.raises(TimeoutError):
            socket.recv(0.05)


@pytest.mark.django_db
def test_within_a_transaction_it_says_what_to_do():
    with pytest.raises(Exception, match=r"sees only what is committed. Use pytest-django's transactional_db"):
        LiveServer()


def test_publish_is_what_the_server_delivers(ann, hubbub_live_server):
    """Nobody follows the topic, and nothing fails."""
    from hubbub.chat.messages import ConversationRemoved

    assert publish("chat.999", ConversationRemoved(999)).offset == 1
