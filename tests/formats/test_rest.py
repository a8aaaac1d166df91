"""What is said over REST comes over the socket, and the other way round."""

from __future__ import annotations

from typing import Any

import httpx

from tests.formats.client import Person, ask, connect, conversation, full, rest, talk
from tests.services import LiveServer


async def page(http: httpx.AsyncClient, id: int, **query: Any) -> dict[str, Any]:
    response = await http.get(f"/api/conversations/{id}/messages/", params=query)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_posted_over_rest(server: LiveServer, ann: Person, bob: Person) -> None:
    """A message posted over REST comes as `new_message`, the same object to the last field."""
    id = await talk(server, ann, bob)
    async with (
        conversation(server, ann, id) as hers,
        conversation(server, bob, id) as his,
        rest(server, ann) as http,
    ):
        response = await http.post(f"/api/conversations/{id}/messages/", json={"content": "  <i>by REST</i> "})
        assert response.status_code == 201, response.text
        posted = response.json()
        assert posted["content"] == "<i>by REST</i>"
        assert posted["sender"] == ann.sender
        for socket in (hers, his):
            assert await socket.frame() == {"type": "new_message", "message": posted}


async def test_history(server: LiveServer, ann: Person, bob: Person) -> None:
    """Earlier messages over REST: oldest first, each the object of its `new_message`."""
    id = await talk(server, ann, bob)
    sent: list[dict[str, Any]] = []
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        for socket in (hers, his, hers, his):
            await socket.send(type="chat_message", content=f"message {len(sent)}")
            frames = [await hers.frame(), await his.frame()]
            assert frames[0] == frames[1]
            sent.append(frames[0]["message"])
    async with rest(server, bob) as http:
        assert (await page(http, id))["results"] == sent
        newest = await page(http, id, limit=3)
        assert newest["results"] == sent[1:]
        response = await http.get(newest["next"])
        assert response.json()["results"] == sent[:1]
        assert response.json()["next"] is None


async def test_history_leaves_out_what_was_deleted(server: LiveServer, ann: Person, bob: Person) -> None:
    """CHT-2: for who deleted it only, over REST, in a page's middle, and in the list of conversations."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers:
        sent = []
        for number in range(3):
            await hers.send(type="chat_message", content=f"message {number}")
            sent.append((await hers.frame())["message"])
        for gone in (sent[1], sent[2]):
            await hers.send(type="delete_message", message_id=gone["id"])
            assert (await hers.frame())["message_id"] == gone["id"]
    async with rest(server, ann) as http:
        assert (await page(http, id))["results"] == sent[:1]
        listed = (await http.get("/api/conversations/")).json()["results"]
        assert listed[0]["last_message"] == sent[0]
    async with rest(server, bob) as http:
        assert (await page(http, id))["results"] == sent


async def test_the_errors_over_rest(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """ERR-3, ACC-1: the same texts; absent and another's are one 404; nothing reaches the socket."""
    id = await talk(server, ann, bob)
    async with conversation(server, bob, id) as his, rest(server, ann) as http, rest(server, cyd) as outsider:
        for content, text in (("", "Empty message"), (" \n", "Empty message"), ("x" * 5001, "Message too long")):
            response = await http.post(f"/api/conversations/{id}/messages/", json={"content": content})
            assert response.status_code == 400
            assert response.json()["message"] == text
        answers = []
        for wanted in (id, 999_999_999):
            path = f"/api/conversations/{wanted}/messages/"
            answers += [await outsider.get(path), await outsider.post(path, json={"content": "let me in"})]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
        await http.post(f"/api/conversations/{id}/messages/", json={"content": "the next frame"})
        assert (await his.frame())["message"]["content"] == "the next frame"


async def test_fields_nobody_may_set(server: LiveServer, ann: Person, bob: Person) -> None:
    """Security 7: sender, id, number, time and staff come from the server, whatever a client writes."""
    id = await talk(server, ann, bob)
    extra = {
        "sender": {"id": bob.id, "username": bob.username}, "sender_id": bob.id, "user": bob.username,
        "username": bob.username, "id": 1, "message_id": 1, "number": 99, "offset": 99, "is_staff": True,
        "timestamp": "1999-01-01T00:00:00Z", "created_at": "1999-01-01T00:00:00Z", "topic": "chat.999",
        "author": f"u.{bob.id}", "conversation_id": 999,
    }  # fmt: skip
    async with conversation(server, bob, id) as his, rest(server, ann) as http:
        await http.post(f"/api/conversations/{id}/messages/", json={**extra, "content": "by REST"})
        async with conversation(server, ann, id) as hers:
            await hers.send(**extra, type="chat_message", content="by socket")
            assert (await hers.frame())["message"]["sender"] == ann.sender
        for number in (1, 2):
            message = (await his.frame())["message"]
            assert message["sender"] == ann.sender
            assert message["number"] == number
            assert not message["timestamp"].startswith("1999")
    async with full(server, ann) as socket:
        await socket.send(id=1, type="chat.send", topic=f"chat.{id}", data={**extra, "content": "x"}, offset=99)
        while (reply := await socket.frame()).get("id") != 1:
            pass
        assert reply["ok"]["message"]["sender"] == ann.sender
        assert reply["ok"]["message"]["number"] == 3


async def test_deleted_accounts(server: LiveServer, ann: Person, bob: Person, cyd: Person, room: str) -> None:
    """`sender` is never null: over REST, in the full protocol and in a room's history; ids are numbers."""
    id = await talk(server, ann, bob, cyd)
    async with connect(server, f"chat/{room}/", by=ann) as socket:
        await socket.send(message="from a room")
        await socket.frame()
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        await hers.send(type="chat_message", content="before going")
        before = (await his.frame())["message"]
        server.manage(
            "shell", "-v0", "-c",
            f"from django.contrib.auth.models import User; User.objects.get(pk={ann.id}).delete()",
        )  # fmt: skip
        await hers.frame()
        assert await hers.closed() == 4001
        await his.send(type="chat_message", content="after")
        while (frame := await his.frame())["type"] != "new_message":
            pass
        assert frame["message"]["sender"] == bob.sender
    async with rest(server, bob) as http:
        old, new = (await page(http, id))["results"]
    assert old == {**before, "sender": old["sender"]}
    assert old["sender"] == {"id": 0, "username": ann.username, "first_name": "", "last_name": ""}
    assert type(old["sender"]["id"]) is int
    assert new["sender"] == bob.sender
    async with full(server, cyd) as socket:
        history = await ask(socket, "chat.history", f"chat.{id}")
        assert history["messages"] == [old, new]
    async with connect(server, f"chat/{room}/") as guest:
        assert (await guest.frame())["messages"][0]["username"] == ann.username


async def test_messages_of_the_system(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """EVT-4: other code may speak as the system, from another process; its sender is there all the same."""
    async with connect(server, f"chat/{room}/", by=ann) as socket:
        async with full(server, ann) as other:
            topic = (await ask(other, "chat.join_room", name=room))["conversation"]["topic"]
        id = int(topic.removeprefix("chat."))
        async with conversation(server, ann, id) as numbered:
            server.manage(
                "shell", "-v0", "-c",
                "from hubbub.chat.actions import send_message; from hubbub.engine.actor import SYSTEM;"
                f"send_message(SYSTEM, {topic!r}, 'Maintenance <b>at</b> noon')",
            )  # fmt: skip
            while (frame := await socket.frame())["type"] != "chat_message":
                pass
            assert (frame["username"], frame["user"]) == ("System", "System")
            assert frame["message"] == "Maintenance <b>at</b> noon"
            message = (await numbered.frame())["message"]
            assert message["sender"] == {"id": 0, "username": "System", "first_name": "", "last_name": ""}
    async with rest(server, ann) as http:
        assert (await page(http, id))["results"] == [message]
