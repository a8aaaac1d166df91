"""``/ws/notifications/``: what there is to notify of, on all of a user's sockets."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User

import hubbub
from hubbub.django.audiences import Audience
from hubbub.testing.project import ProjectEngine


def user(name: str, **fields: Any) -> User:
    return User.objects.create_user(name, **fields)


async def test_notifications_come_on_all_sockets(hubbub_engine: ProjectEngine) -> None:
    """FMT-7: of that user alone; nothing is said before, and nothing of what else happens to them."""
    ann, bob = [await hubbub_engine.run(user, name) for name in ("ann", "bob")]
    hers = [await hubbub_engine.connect(ann, "notifications/") for _ in range(2)]
    his = await hubbub_engine.connect(bob, "notifications/")
    await hubbub_engine.run(hubbub.notify, ann, "New task", body="Water", level="warning", link="/tasks/1")
    for each in hers:
        frame = (await each.seen("notification"))[0]
        assert frame == frame | {"title": "New task", "message": "Water", "level": "warning", "link": "/tasks/1"}
        assert isinstance(frame["timestamp"], str)
        assert len(each.frames) == 1
    marker = await hubbub_engine.connect(ann)
    await marker.send("notifications.mark_all")
    await hubbub_engine.catch_up()
    assert his.frames == [] and len(hers[0].frames) == 1


async def test_announcements_come_too(hubbub_engine: ProjectEngine) -> None:
    """FMT-7: of the audiences that one is in, from when one is, and until one is not."""
    ann = await hubbub_engine.run(user, "ann")
    staff = await hubbub_engine.run(user, "sue", is_staff=True)
    group = await hubbub_engine.run(Group.objects.create, name="Sales")
    hers, theirs = [await hubbub_engine.connect(each, "notifications/") for each in (ann, staff)]

    async def announce(audience: Audience, title: str) -> None:
        await hubbub_engine.run(hubbub.announce, audience, title, body="now", level="danger")

    await announce(Audience.everyone(), "one")
    await announce(Audience.users(), "two")
    await announce(Audience.group(group), "not yet")
    await hubbub_engine.run(ann.groups.add, group)
    await announce(Audience.group(group), "three")
    await hubbub_engine.run(ann.groups.remove, group)
    await announce(Audience.group(group), "not any more")
    await announce(Audience.everyone(), "four")
    await hers.seen("notification", 4)
    await theirs.seen("notification", 2)
    assert [frame["title"] for frame in hers.frames] == ["one", "two", "three", "four"]
    assert [frame["title"] for frame in theirs.frames] == ["one", "four"]
    assert {(frame["type"], frame["message"], frame["level"]) for frame in hers.frames} == {
        ("notification", "now", "danger")
    }


@pytest.mark.parametrize("text", ['{"type": "chat_message", "message": "hi"}', "{}", "[]", "7"])
async def test_nothing_is_asked_of_the_client(hubbub_engine: ProjectEngine, text: str) -> None:
    """ERR-1: what it says all the same is answered as on the other formats."""
    hers = await hubbub_engine.connect(await hubbub_engine.run(user, "ann"), "notifications/")
    hers.send_text(text)
    frame = (await hers.seen("error"))[0]
    assert (frame["code"], frame["message"]) == ("unknown_command", "Unknown message type")
    assert hers.closed is None


async def test_guests_are_closed(hubbub_engine: ProjectEngine) -> None:
    """AUT-2: 4001, and no frame before."""
    nobody = await hubbub_engine.connect(None, "notifications/")
    assert (nobody.closed, nobody.frames) == (4001, [])
