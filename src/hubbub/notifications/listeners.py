"""What people are notified of in conversations, heard by the names of its events (rule LSN-6)."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.urls import NoReverseMatch, reverse

from hubbub import Happened, on_event
from hubbub.django.auth import primary_key
from hubbub.django.circles import Circle, circles_of, people_of
from hubbub.django.contacts import UserId
from hubbub.django.notifying import make_notice, notification_kind
from hubbub.engine.actor import SYSTEM, user_key
from hubbub.notifications.actions.sending import Sending, send_together
from hubbub.notifications.actions.talk import Reading, forget, hold, mark_groups, who_was_told, withdraw
from hubbub.notifications.mentions import mentioned, names_in

PREVIEW = 200
"""Characters of a message that its notification shows."""
MANY_NAMES = 500
"""For more than these, all who take part are asked for."""

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
    steps: list[_Step] = []
    for type, some in groupby(events, key=attrgetter("type")):
        if type == "chat.message_sent":
            steps.append(_tell_of_messages(list(some)))
        else:
            steps.extend(_ONE_BY_ONE[type](event) for event in some)
    hold(
        [user_id for step in steps for sending in step.sendings for user_id in sending.user_ids],
        [reading for step in steps for reading in step.readings],
        [user_id for step in steps for user_id in step.others],
    )
    for step in steps:
        step.do()


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of a turn: whom it concerns is known before any of them is done."""

    readings: Sequence[Reading] = ()
    sendings: Sequence[Sending] = ()
    others: Collection[Any] = ()
    """Those whom ``more`` concerns."""
    more: Callable[[], None] | None = None

    def do(self) -> None:
        mark_groups(self.readings)
        if self.sendings:
            send_together(list(self.sendings))
            mark_groups(self.readings)
        if self.more is not None:
            self.more()


def _tell_of_messages(events: Sequence[Happened]) -> _Step:
    """Notify the other one of a direct message, and participants of a mention; nobody of one's own."""
    circles = circles_of({event.topic for event in events})
    wanted = [
        event
        for event in events
        if event.topic in circles and (circles[event.topic].direct or "@" in event.data.message.content)
    ]
    people = _people(wanted, circles)
    # Who writes has read what stands above.
    written = {(event.topic, event.author): event.data.message for event in events if event.author}
    readings = [
        Reading(message.sender.id, _groups(topic), message.number)
        for (topic, author), message in written.items()
        if author == user_key(message.sender.id)
    ]
    sendings = [
        each for event in wanted for each in _of_message(event, circles[event.topic], people.get(event.topic, {}))
    ]
    return _Step(readings, sendings)


def _people(wanted: Sequence[Happened], circles: dict[str, Circle]) -> dict[str, dict[str, UserId]]:
    """Who may be told: both of a direct conversation, of others only those whose names are in the messages."""
    direct = {event.topic for event in wanted if circles[event.topic].direct}
    naming = [event for event in wanted if event.topic not in direct]
    names = {name for event in naming for each in names_in(event.data.message.content) for name in each}
    found = people_of(direct) if direct else {}
    if names:
        found |= people_of({event.topic for event in naming}, names if len(names) <= MANY_NAMES else None)
    return found


def _of_message(event: Happened, circle: Circle, people: dict[str, UserId]) -> Iterator[Sending]:
    message = event.data.message
    sender = message.sender.id if event.author == user_key(message.sender.id) else None
    who = _name(message.sender)
    about = {"topic": event.topic, "message": message.id, "number": message.number}
    messages, mentions, _ = _groups(event.topic)
    more: dict[str, Any] = {"actor": sender, "body": _preview(message.content), "link": _link(circle), "data": about}
    named = list(people.values()) if circle.direct else mentioned(message.content, people)
    others = [user_id for user_id in named if user_id != sender]
    if circle.direct:
        many = f"{{count}} messages from {who}"
        notice = make_notice(f"Message from {who}", kind="chat.message", group=messages, many=many, **more)
        yield Sending(SYSTEM, others, notice)
    elif others:
        place = f" in {circle.title}" if circle.title else ""
        notice = make_notice(
            f"{who} mentioned you{place}",
            kind="chat.mention",
            group=mentions,
            many=f"{{count}} mentions{place}",
            **more,
        )
        yield Sending(SYSTEM, others, notice)


def _fewer(title: str, count: int) -> str:
    """The title of what was several, with one less: "3 messages from Ada", "1 mention in Plans"."""
    _, things, *more = title.split(" ", 2)
    return " ".join([str(count), things.removesuffix("s") if count == 1 else things, *more])


def _tell_of_adding(event: Happened) -> _Step:
    """Notify who was added to a group by somebody else."""
    conversation = event.data.conversation
    by = next((each for each in conversation.participants if user_key(each.id) == event.author), None)
    user_id = event.topic.partition(".")[2]
    if conversation.kind != "group" or event.author in ("", user_key(user_id)):
        return _Step()
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
    return _Step(sendings=[Sending(SYSTEM, [primary_key(user_id)], notice)])


def _read_with_the_conversation(event: Happened) -> _Step:
    """Who has read a conversation has read what notifications tell of it."""
    topic, user_id = f"chat.{event.data.conversation_id}", primary_key(event.topic.partition(".")[2])
    return _Step([Reading(user_id, _groups(topic), event.data.number)])


def _withdraw_with_the_conversation(event: Happened) -> _Step:
    """Who takes no part any more has nothing to look at there."""
    user_id, groups = primary_key(event.topic.partition(".")[2]), _groups(f"chat.{event.data.conversation_id}")
    return _Step(others=[user_id], more=partial(withdraw, user_id, groups))


def _withdraw_with_the_message(event: Happened) -> _Step:
    """What a message said that is gone for everybody, notifications say no more."""
    topic, groups, message = event.topic, _groups(event.topic), event.data.message_id
    return _Step(others=who_was_told(groups, message), more=partial(forget, topic, groups, message, _fewer))


_ONE_BY_ONE: dict[str, Callable[[Happened], _Step]] = {
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
