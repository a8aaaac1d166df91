"""Records what clients and a real server say to each other: ``.venv/bin/python -m scripts.record_frames``.

``tests/frames/README.md`` says what the files are for and how to read them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.frames.recording import Other, Recording
from tests.services import LiveServer, live_servers

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "frames"
SIGN_IN = """
from django.contrib.auth import get_user_model
from datetime import timedelta
from hubbub.accounts import actions
from hubbub.engine.actor import SYSTEM
for name in ("ada", "bob"):
    user, _ = get_user_model().objects.get_or_create(username=name, defaults={"password": "!"})
    for days in (1, 2):
        print(actions.sign_in_with_access_token(SYSTEM, user, timedelta(days=days)))
"""
STAFF = """
from hubbub.chat import actions
from hubbub.engine.actor import Actor
staff = Actor(key="", username="staff", is_staff=True)
"""


class World:
    """A server that nobody has used yet, and people who may."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        ada, again, bob, _ = server.manage("shell", "-v0", "-c", SIGN_IN).stdout.split()
        self.token = ada
        self.second_token = again
        self.bob = Other(server, bob)

    def talk_of_two(self) -> str:
        """A conversation of Ada and Bob, made by him; returns its topic."""
        conversation = self.bob.command("chat.create", participants=["ada"], title="Plant")["conversation"]
        topic: str = conversation["topic"]
        self.bob.command("subscribe", topic)
        return topic

    def as_staff(self, call: str) -> None:
        """An action of chat's, as the admin calls it."""
        self.server.manage("shell", "-v0", "-c", f"{STAFF}actions.{call}")


def send(topic: str, content: str, client_id: str) -> dict[str, str]:
    """A message's data. Its author uses a ``client_id`` once, whatever the conversation."""
    return {"content": content, "client_id": f"{topic}-{client_id}"}


def first_session(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "Subscribe with a snapshot, send, get one's own and another's message, leave.")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic, data={"snapshot": True})
    ada.reply()
    ada.asks("chat.send", topic, data=send(topic, "Hello", "client-1"))
    ada.gets("reply", "chat.message_sent")
    world.bob.command("chat.typing", topic, is_typing=True)
    ada.gets("chat.typing")
    world.bob.command("chat.send", topic, **send(topic, "Hello Ada", "client-2"))
    ada.gets("chat.message_sent")
    ada.asks("chat.history", topic, data={"limit": 10})
    ada.reply()
    ada.asks("unsubscribe", topic)
    ada.reply()
    ada.close()
    return ada


def errors(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "Commands that fail: each gets its error, and the session goes on.")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", "chat.99999")
    ada.gets("reply")
    ada.asks("chat.dance", topic, data={})
    ada.gets("reply")
    ada.asks("chat.send", topic, data={"content": 7})
    ada.gets("reply")
    for content, client_id in (
        ("  ", "client-1"),
        ("x" * 5001, "client-2"),
        ("fine", "client-3"),
        ("other", "client-3"),
    ):
        ada.asks("chat.send", topic, data=send(topic, content, client_id))
        ada.gets("reply")
    ada.close()
    return ada


def resume(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "The connection is lost; what was missed comes with the next subscription.")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic)
    position = ada.reply()["position"]
    world.bob.command("chat.send", topic, **send(topic, "seen", "client-1"))
    ada.gets("chat.message_sent")
    ada.cut()
    for number in (2, 3):
        world.bob.command("chat.send", topic, **send(topic, f"missed {number}", f"client-{number}"))
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("subscribe", topic, since={**position, "offset": position["offset"] + 1})
    ada.reply()
    world.bob.command("chat.send", topic, **send(topic, "live again", "client-4"))
    ada.gets("chat.message_sent")
    ada.close()
    return ada


def lost_reply(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "A reply is lost with the connection: sent again, the command happens once (ACK-2).")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("chat.send", topic, data=send(topic, "only once", "client-1"))
    world.bob.until("chat.message_sent")
    ada.cut()
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("chat.send", topic, data=send(topic, "only once", "client-1"))
    ada.reply()
    ada.close()
    return ada


def inbox(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "The inbox: all conversations, one that is joined later, and resuming them all.")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("inbox.subscribe", data={"since": {}})
    since = dict(ada.reply()["positions"])
    world.bob.command("chat.send", topic, **send(topic, "in the first", "client-1"))
    since[topic]["offset"] = ada.gets("chat.message_sent")[0]["offset"]
    second = world.bob.command("chat.create", participants=["ada"], title="Pump")["conversation"]["topic"]
    added = ada.gets("chat.conversation_added")[0]
    since[added["topic"]]["offset"] = added["offset"]
    since[second] = added["data"]["position"]
    world.bob.command("chat.send", second, **send(second, "in the second", "client-2"))
    since[second] = {**since[second], "offset": ada.gets("chat.message_sent")[0]["offset"]}
    ada.cut()
    world.bob.command("chat.send", second, **send(second, "missed", "client-3"))
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("inbox.subscribe", data={"since": since})
    ada.gets("chat.message_sent")
    ada.reply()
    ada.close()
    return ada


def removed(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "Somebody is removed from a conversation: its events end (SUB-4).")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic)
    ada.reply()
    world.bob.rest("DELETE", f"conversations/{topic.removeprefix('chat.')}/participants/", participants=["ada"])
    ada.gets("chat.participant_removed", "unsubscribed")
    ada.close()
    return ada


def moderated(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(
        world.server,
        "Staff delete messages, and rename a group: what was said is gone for all (CHT-11).",
    )
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic)
    position = ada.reply()["position"]
    first = world.bob.command("chat.send", topic, **send(topic, "deleted while she looks", "client-1"))["message"]
    ada.gets("chat.message_sent")
    world.as_staff(f"delete_message(staff, {first['id']})")
    deleted = ada.gets("chat.message_deleted")[0]
    ada.cut()
    second = world.bob.command("chat.send", topic, **send(topic, "deleted while she is away", "client-2"))["message"]
    world.as_staff(f"delete_message(staff, {second['id']})")
    world.as_staff(f"rename_conversation(staff, {topic.removeprefix('chat.')}, 'Other plans')")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("subscribe", topic, since={**position, "offset": deleted["offset"]})
    ada.reply()
    ada.asks("chat.history", topic, data={})
    ada.reply()
    ada.close()
    return ada


def epoch(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "A backup is restored: reset in mid-session, and when coming back (SUB-2, SUB-3).")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic)
    position = ada.reply()["position"]
    world.server.manage("begin_epoch")
    now = ada.gets("reset")[0]["data"]["position"]
    ada.cut()
    world.server.manage("begin_epoch")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("subscribe", topic, since=now)
    ada.reply()
    assert now["epoch"] != position["epoch"]
    ada.close()
    return ada


def too_far(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "More was missed than a resume brings: reset, and on from there (SUB-2).")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic)
    position = ada.reply()["position"]
    ada.cut()
    for number in (1, 2, 3):
        world.bob.command("chat.send", topic, **send(topic, f"missed {number}", f"client-{number}"))
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("subscribe", topic, since=position)
    ada.reply()
    world.bob.command("chat.send", topic, **send(topic, "live again", "client-4"))
    ada.gets("chat.message_sent")
    ada.close()
    return ada


def rate_limited(world: World) -> Recording:
    topic = world.talk_of_two()
    ada = Recording(world.server, "Too many messages: the client waits as long as it is told, and sends again (LIM-2).")
    ada.open(token=world.token)
    ada.gets("ready")
    for number in (1, 2, 3, 4):
        ada.asks("chat.send", topic, data=send(topic, f"message {number}", f"client-{number}"))
        ada.reply()
    ada.asks("chat.send", topic, data=send(topic, "message 5", "client-5"))
    refused = ada.gets("reply")[0]["error"]
    ada.wait(refused["retry_after"])
    ada.sends("chat.send", topic, data=send(topic, "message 5", "client-5"))
    ada.reply()
    ada.close()
    return ada


def heartbeat(world: World) -> Recording:
    ada = Recording(world.server, "The server's ping is answered (HRT-1).")
    ada.open(token=world.token)
    ada.gets("ready")
    for _ in range(2):
        ada.gets("ping")
        ada.sends("pong")
    ada.close()
    return ada


def refused_token(world: World) -> Recording:
    ada = Recording(world.server, "A token that the server refuses: 4001, and again with a fresh one (AUT-2, CLO-1).")
    ada.open(token="worn out")
    ada.closed(4001)
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("auth.refresh", data={"token": world.second_token})
    ada.reply()
    ada.close()
    return ada


def guest(world: World) -> Recording:
    guest = Recording(world.server, "A guest enters a room and writes there (CHT-8).")
    guest.open()
    guest.gets("ready")
    guest.asks("chat.join_room", data={"name": "lobby"})
    topic = guest.reply()["conversation"]["topic"]
    guest.asks("subscribe", topic)
    guest.reply()
    guest.asks("chat.send", topic, data=send(topic, "Hello", "client-1"))
    guest.gets("reply", "chat.message_sent")
    guest.close()
    return guest


def restart(world: World) -> Recording:
    """Last: the other connections don't survive it."""
    topic = world.talk_of_two()
    ada = Recording(world.server, "The server restarts: 1012, and the client resumes where it was (CLO-1).")
    ada.open(token=world.token)
    ada.gets("ready")
    ada.asks("subscribe", topic)
    position = ada.reply()["position"]
    world.server.stop()
    ada.closed(1012)
    world.server.start()
    ada.open(token=world.token)
    ada.gets("ready")
    ada.sends("subscribe", topic, since=position)
    ada.reply()
    ada.close()
    return ada


# The inbox first, while there are no other conversations in it; what breaks connections or takes time last.
USUAL = (inbox, first_session, errors, resume, lost_reply, removed, epoch, refused_token, guest, moderated, restart)
LIMITED = (too_far, rate_limited)
QUICK = (heartbeat,)


def record(folder: Path) -> None:
    """Record every conversation into a folder, each on a server of its own kind with its own data."""
    kinds: list[tuple[tuple[Callable[[World], Recording], ...], str]] = [
        (USUAL, "hubbub.django.settings"),
        (LIMITED, "tests.frames.settings"),
        (QUICK, "tests.formats.settings"),
    ]
    with tempfile.TemporaryDirectory() as data, live_servers(Path(data)) as start:
        for conversations, settings in kinds:
            world = World(start(env={"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(ROOT)}))
            for conversation in conversations:
                recording = conversation(world)
                name = conversation.__name__.replace("_", "-")
                (folder / f"{name}.jsonl").write_text(recording.text(), encoding="utf-8")


if __name__ == "__main__":
    for stale in FOLDER.glob("*.jsonl"):
        stale.unlink()
    record(FOLDER)
