"""What people are notified of in conversations, heard by the names of its events (rule LSN-6)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.urls import NoReverseMatch, reverse

from hubbub import Happened, on_event
from hubbub.django.circles import Circle, circles_of, people_of
from hubbub.django.contacts import UserId
from hubbub.django.notifying import make_notice, notification_kind
from hubbub.engine.actor import SYSTEM, user_key
from hubbub.notifications.actions.sending import Sending, send_together
from hubbub.notifications.actions.talk import Reading, forget, mark_groups, withdraw
from hubbub.notifications.mentions import mentioned
from hubbub.notifications.people import primary_key

PREVIEW = 200
"""Characters of a message that its notification shows."""

notification_kind("chat.message", "Direct messages")
notification_kind("chat.mention", "Mentions of you")
notification_kind("chat.added", "Being added to a conversation")


def _groups(topic: str) -> tuple[str, str, str]:
    """How notifications of a conversation are grouped: its messages, mentions in it, being added to it."""
    return topic, f"{topic}.mention", f"{topic}.added"


@on_event(
    "chat.message_sent",
    "chat.conversation_added",
    "chat.conversation_read",
    "chat.conversation_removed",
    "chat.message_deleted",
    together=True,
)
def tell_of_talk(events: Sequence[Happened]) -> None:
    """Notify people, and mark as read what they have read. One listener: reading comes after what is read."""
    for type, some in groupby(events, key=attrgetter("type")):
        if type == "chat.message_sent":
            _tell_of_messages(list(some))
        else:
            for event in some:
                _ONE_BY_ONE[type](event)


def _tell_of_messages(events: Sequence[Happened]) -> None:
    """Notify the other one of a direct message, and participants of a mention; nobody of one's own."""
    circles = circles_of({event.topic for event in events})
    wanted = [
        event
        for event in events
        if event.topic in circles and (circles[event.topic].direct or "@" in event.data.message.content)
    ]
    people = people_of({event.topic for event in wanted}) if wanted else {}
    # Who writes has read what stands above.
    written = {(event.topic, event.author): event.data.message for event in events if event.author}
    readings = [
        Reading(message.sender.id, _groups(topic), message.number)
        for (topic, author), message in written.items()
        if author == user_key(message.sender.id)
    ]
    mark_groups(readings)
    sendings = [each for event in wanted for each in _of_message(event, circles[event.topic], people[event.topic])]
    if sendings:
        send_together(sendings)
        mark_groups(readings)


def _of_message(event: Happened, circle: Circle, people: dict[str, UserId]) -> Iterator[Sending]:
    message = event.data.message
    sender = message.sender.id if event.author == user_key(message.sender.id) else None
    others = {name: id for name, id in people.items() if id != sender}
    named, who = mentioned(message.content, others), _name(message.sender)
    about = {"topic": event.topic, "message": message.id, "number": message.number}
    messages, mentions, _ = _groups(event.topic)
    more: dict[str, Any] = {"actor": sender, "body": _preview(message.content), "link": _link(circle), "data": about}
    if circle.direct:
        many = f"{{count}} messages from {who}"
        notice = make_notice(f"Message from {who}", kind="chat.message", group=messages, many=many, **more)
        yield Sending(SYSTEM, list(others.values()), notice)
    elif named:
        place = f" in {circle.title}" if circle.title else ""
        notice = make_notice(
            f"{who} mentioned you{place}",
            kind="chat.mention",
            group=mentions,
            many=f"{{count}} mentions{place}",
            **more,
        )
        yield Sending(SYSTEM, named, notice)


def _tell_of_adding(event: Happened) -> None:
    """Notify who was added to a group by somebody else."""
    conversation = event.data.conversation
    by = next((each for each in conversation.participants if user_key(each.id) == event.author), None)
    user_id = event.topic.partition(".")[2]
    if conversation.kind != "group" or event.author in ("", user_key(user_id)):
        return
    who = _name(by) if by else "Somebody"
    circle = circles_of([conversation.topic]).get(conversation.topic)
    notice = make_notice(
        f"{who} added you to {conversation.title}" if conversation.title else f"{who} added you to a conversation",
        kind="chat.added",
        actor=by.id if by else None,
        link=_link(circle) if circle else "",
        group=_groups(conversation.topic)[2],
        data={"topic": conversation.topic, "message": 0, "number": 0},
    )
    send_together([Sending(SYSTEM, [primary_key(user_id)], notice)])


def _read_with_the_conversation(event: Happened) -> None:
    """Who has read a conversation has read what notifications tell of it."""
    topic, user_id = f"chat.{event.data.conversation_id}", primary_key(event.topic.partition(".")[2])
    mark_groups([Reading(user_id, _groups(topic), event.data.number)])


def _withdraw_with_the_conversation(event: Happened) -> None:
    """Who takes no part any more has nothing to look at there."""
    withdraw([primary_key(event.topic.partition(".")[2])], _groups(f"chat.{event.data.conversation_id}"))


def _withdraw_with_the_message(event: Happened) -> None:
    """What a message said that is gone for everybody, notifications say no more."""
    people = people_of([event.topic]).get(event.topic, {})
    forget(list(people.values()), _groups(event.topic), event.data.message_id)


_ONE_BY_ONE: dict[str, Callable[[Happened], None]] = {
    "chat.conversation_added": _tell_of_adding,
    "chat.conversation_read": _read_with_the_conversation,
    "chat.conversation_removed": _withdraw_with_the_conversation,
    "chat.message_deleted": _withdraw_with_the_message,
}


def _name(person: Any) -> str:
    return f"{person.first_name} {person.last_name}".strip() or person.username


def _preview(text: str) -> str:
    return text if len(text) <= PREVIEW else f"{text[: PREVIEW - 1]}…"


def _link(circle: Circle) -> str:
    """The page of a conversation; empty where a project has a UI of its own."""
    try:
        return str(reverse("hubbub_web:index", args=[circle.link]))
    except NoReverseMatch:
        return ""
