"""Chat in Django's admin: through its real pages, with Django's permissions, by the actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.django.models import Event, Receipt
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.errors import Absent, BadData, Forbidden
from hubbub.testing import LiveEngine

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = ("conversation", "participant", "message")


def url(model: str, page: str = "") -> str:
    app = "hubbub" if model in ("stream", "event", "receipt") else "hubbub_chat"
    return f"/admin/{app}/{model}/{page}"


@pytest.fixture
def boss() -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def staff() -> Callable[..., Client]:
    """``staff("view_message")`` is the browser of somebody who may just that."""

    def make(*permissions: str) -> Client:
        user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        assert user.user_permissions.count() == len(permissions)
        client = Client()
        client.force_login(user)
        return client

    return make


def choose(client: Client, model: str, action: str, *ids: int) -> Any:
    return client.post(url(model), {"action": action, "_selected_action": ids}, follow=True)


@pytest.mark.parametrize("model", [*LISTS, "stream", "event", "receipt"])
def test_lists_cost_the_same_for_three_rows_and_thirty(boss: Client, alice: Actor, model: str):
    def fill(first: int, last: int) -> None:
        for n in range(first, last):
            User.objects.create_user(f"user{n}")
            made = actions.create_conversation(alice, [f"user{n}"], f"Group {n}").conversation
            actions.send_message(alice, made.topic, "hi", client_id=f"id{n}")

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = boss.get(url(model))
        assert page.status_code == 200
        assert page.content.count(b'class="action-select"') or page.content.count(b"<tr>") > 1
        return len(queries)

    fill(0, 3)
    boss.get(url(model))  # Content types are remembered from here on.
    few = cost()
    fill(3, 30)
    assert cost() == few


def test_long_tables_are_not_counted_to_the_end(boss: Client, alice: Actor, direct: wire.Conversation):
    actions.send_message(alice, direct.topic, "hi")
    with CaptureQueriesContext(connection) as queries:
        boss.get(url("message"))
    counts = [each["sql"] for each in queries if "COUNT(" in each["sql"] and "hubbub_chat_message" in each["sql"]]
    assert counts and all("LIMIT 10000" in sql for sql in counts)


def test_what_would_go_past_the_actions_is_not_offered(boss: Client, alice: Actor, direct: wire.Conversation):
    sent = actions.send_message(alice, direct.topic, "hi", client_id="1")
    rows = {
        "message": sent.message.id,
        "conversation": direct.id,
        "participant": Participant.objects.all()[0].pk,
        "event": Event.objects.all()[0].pk,
        "stream": Event.objects.all()[0].stream_id,
        "receipt": Receipt.objects.get().pk,
    }
    for model, id in rows.items():
        page = boss.get(url(model, f"{id}/change/"))
        assert page.status_code == 200, model
        assert b'name="_save"' not in page.content, model
        assert boss.post(url(model, f"{id}/delete/"), {"post": "yes"}).status_code == 403, model
        assert b"delete_selected" not in boss.get(url(model)).content, model
        if model != "participant":
            assert boss.get(url(model, "add/")).status_code == 403, model


def test_messages_of_private_conversations_want_a_permission(
    staff: Callable[..., Client], alice: Actor, direct: wire.Conversation
):
    """ACC-1: staff are not let in by being staff."""
    room = actions.join_room(alice, "garden").conversation
    secret = actions.send_message(alice, direct.topic, "only between us").message
    actions.send_message(alice, room.topic, "for everybody")
    assert staff().get(url("message")).status_code == 403
    some, all_ = staff("view_message"), staff("view_message", "read_private")
    page = some.get(url("message")).content.decode()
    assert "for everybody" in page and "only between us" not in page
    assert "only between us" not in some.get(url("message", "?q=between")).content.decode()
    assert some.get(url("message", f"{secret.id}/change/")).status_code == 302
    assert "only between us" in all_.get(url("message")).content.decode()
    # The log says the same, so it is as private.
    event = Event.objects.get(type="chat.message_sent", stream__topic=direct.topic)
    reader, auditor = staff("view_event"), staff("view_event", "read_event_data")
    assert "only between us" not in reader.get(url("event", f"{event.pk}/change/")).content.decode()
    assert "only between us" in auditor.get(url("event", f"{event.pk}/change/")).content.decode()


def test_to_look_is_not_to_act(staff: Callable[..., Client], alice: Actor, group: wire.Conversation):
    sent = actions.send_message(alice, group.topic, "hi").message
    looker = staff("view_message", "read_private", "view_participant", "view_conversation")
    row = Participant.objects.get(user__username="alice")
    choose(looker, "message", "delete_for_everybody", sent.id)
    choose(looker, "participant", "remove", row.pk)
    looker.post(url("conversation", f"{group.id}/change/"), {"title": "Mine"})
    assert not Message.objects.get().deleted
    assert Participant.objects.filter(pk=row.pk).exists()
    assert Conversation.objects.get(pk=group.id).title == "Plans"
    assert looker.get(url("participant", "add/")).status_code == 403


def test_the_actions_themselves_are_for_staff(alice: Actor, group: wire.Conversation):
    """ACC-1"""
    sent = actions.send_message(alice, group.topic, "hi").message
    row = Participant.objects.get(user__username="alice")
    for forbidden in (
        lambda: actions.delete_message(alice, sent.id),
        lambda: actions.rename_conversation(alice, group.id, "Mine"),
        lambda: actions.admit_user(alice, group.id, User.objects.get(username="alice")),
        lambda: actions.dismiss_participant(alice, row.pk),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    boss = Actor(key="u.0", user_id=0, username="boss", is_staff=True)
    with pytest.raises(Absent):
        actions.delete_message(boss, 0)
    with pytest.raises(BadData):
        actions.rename_conversation(boss, group.id, "x" * 121)


def test_a_deleted_message_is_gone_from_the_log_and_the_receipts_too(
    boss: Client, alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation
):
    """CHT-11: by resuming, by a repeat, by history and by the list, nobody reads it any more."""
    said = actions.send_message(alice, group.topic, "an address", client_id="once").message
    actions.send_message(bob, group.topic, "another")
    actions.hide_message(bob, group.topic, actions.send_message(bob, group.topic, "x").message.id)
    actions.add_participants(alice, group.id, ["carol"])
    choose(boss, "message", "delete_for_everybody", said.id)
    kept = [*Event.objects.values_list("data", flat=True), *Receipt.objects.values_list("reply", flat=True)]
    assert not any("an address" in text for text in kept)
    again = actions.send_message(alice, group.topic, "an address", client_id="once").message
    assert (again.id, again.content, again.deleted) == (said.id, "", True)
    assert "another" in "".join(kept)
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id, entry.get_change_message()) == (
        "boss",
        str(said.id),
        "Deleted for everybody.",
    )
    # Once more is nothing: no event, no entry.
    before = Event.objects.count()
    choose(boss, "message", "delete_for_everybody", said.id)
    assert (Event.objects.count(), LogEntry.objects.count()) == (before, 1)


def test_a_guests_message_can_be_deleted(boss: Client):
    """CHT-11"""
    topic = actions.room_named(guest("1"), "garden")
    said = actions.send_message(guest("1"), topic, "an advertisement", client_id="1").message
    choose(boss, "message", "delete_for_everybody", said.id)
    kept = [*Event.objects.values_list("data", flat=True), *Receipt.objects.values_list("reply", flat=True)]
    assert Message.objects.get().deleted and not any("advertisement" in text for text in kept)


async def test_whoever_is_there_sees_what_staff_do(
    live: LiveEngine, alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation, boss: Client
):
    """CHT-9, CHT-11: rename, add, delete, remove, each by the page, each over a live session."""
    connection = await live.connect(bob)
    await connection.send("inbox.subscribe", data={})
    sent = await live.run(actions.send_message, alice, group.topic, "hi")
    await live.run(boss.post, url("conversation", f"{group.id}/change/"), {"title": " Other plans "})
    assert (await connection.seen("chat.conversation_renamed"))[0]["data"] == {"title": "Other plans"}
    added = await live.run(boss.post, url("participant", "add/"), {"conversation": group.id, "user": carol.user_id})
    assert added.status_code == 302
    assert (await connection.seen("chat.participants_added"))[0]["data"]["participants"][0]["username"] == "carol"
    await live.run(choose, boss, "message", "delete_for_everybody", sent.message.id)
    assert (await connection.seen("chat.message_deleted"))[0]["data"] == {"message_id": sent.message.id}
    row = await live.run(Participant.objects.get, user__username="bob")
    await live.run(choose, boss, "participant", "remove", row.pk)
    await connection.seen("chat.conversation_removed")
    await connection.seen("unsubscribed")
    told = await live.run(lambda: [each.get_change_message() for each in LogEntry.objects.order_by("pk")])
    assert told == ["Changed Title.", "Added.", "Deleted for everybody.", "Removed bob from Other plans."]


def test_what_cannot_be_is_said_on_the_page(boss: Client, alice: Actor, carol: Actor, direct: wire.Conversation):
    refused = boss.post(url("participant", "add/"), {"conversation": direct.id, "user": carol.user_id})
    assert "Only a group&#x27;s participants can change." in refused.content.decode()
    row = Participant.objects.get(user__username="alice")
    page = choose(boss, "participant", "remove", row.pk).content.decode()
    assert "A direct conversation cannot be left." in page
    assert Participant.objects.filter(pk=row.pk).exists()
    assert b'name="_save"' not in boss.get(url("conversation", f"{direct.id}/change/")).content


def test_search_and_filters_find(boss: Client, alice: Actor, group: wire.Conversation, direct: wire.Conversation):
    actions.send_message(alice, group.topic, "a word")
    for model, query, found in (
        ("message", "q=word", 1),
        ("message", "q=other", 0),
        ("message", f"conversation__id__exact={group.id}", 1),
        ("conversation", "q=Plans", 1),
        ("conversation", "kind__exact=direct", 1),
        ("participant", "q=alice", 2),
        ("participant", f"conversation__id__exact={group.id}", 2),
        ("event", f"q={group.topic}", 1),
        ("event", "type=chat.message_sent", 1),
        ("stream", "q=chat.", 1),
    ):
        page = boss.get(url(model, f"?{query}"))
        assert page.status_code == 200, (model, query)
        assert page.context["cl"].result_count == found, (model, query)
