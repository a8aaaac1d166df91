"""What chat reads. Every function has a fixed number of queries, whatever it finds."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from hubbub.chat import messages as wire
from hubbub.chat.models import Conversation, HiddenMessage, Message, Participant
from hubbub.chat.policy import topic_of
from hubbub.django.auth import active, names_of
from hubbub.engine.actor import Actor

GUEST_ID = 0
HISTORY_LIMIT = 50
PAGE_CHARACTERS = 250_000
"""Characters of text in one page: a slow reader's outbox, and everybody's patience, are bounded."""


def person_of_user(user: Any) -> wire.Person:
    id = user.pk if isinstance(user.pk, int) else str(user.pk)
    return wire.Person(id, user.get_username(), *names_of(user))


def person_of_actor(actor: Actor) -> wire.Person:
    if actor.user_id is None:
        return wire.Person(GUEST_ID, actor.username)
    return wire.Person(actor.user_id, actor.username, actor.first_name, actor.last_name)


def wire_message(message: Message) -> wire.Message:
    """A message as it travels; never without a sender, even where the account is gone."""
    sender = message.sender
    return wire.Message(
        id=message.pk,
        sender=person_of_user(sender) if sender else wire.Person(GUEST_ID, message.sender_name),
        content=message.content,
        timestamp=message.created_at,
        number=message.number,
        deleted=message.deleted,
    )


def visible(actor: Actor, conversation_id: int) -> QuerySet[Message]:
    """The messages of a conversation that the actor has not deleted for oneself."""
    found = Message.objects.filter(conversation_id=conversation_id).select_related("sender")
    if actor.user_id is not None:
        hidden = HiddenMessage.objects.filter(message=OuterRef("pk"), user_id=actor.user_id)
        found = found.filter(~Exists(hidden))
    return found


def history(actor: Actor, conversation_id: int, before: int | None, limit: int) -> wire.HistoryPage:
    """Up to ``limit`` messages before the number ``before``, oldest first. One query; access is the caller's."""
    found = visible(actor, conversation_id).order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    rows = list(found[: limit + 1])
    fit = _fitting(rows[:limit])
    return wire.HistoryPage([wire_message(row) for row in reversed(fit)], more=len(rows) > len(fit))


def conversations_of(actor: Actor) -> QuerySet[Conversation]:
    """The conversations that the actor takes part in; none for a guest."""
    if actor.user_id is None:
        return Conversation.objects.none()
    mine = Participant.objects.filter(user_id=actor.user_id)
    return Conversation.objects.filter(pk__in=mine.values("conversation_id"))


def history_after(actor: Actor, conversation_id: int, after: int, limit: int) -> wire.HistoryPage:
    """Up to ``limit`` messages after the number ``after``, oldest first; ``more`` says that later ones follow."""
    rows = list(visible(actor, conversation_id).filter(number__gt=after).order_by("number")[: limit + 1])
    fit = _fitting(rows[:limit])
    return wire.HistoryPage([wire_message(row) for row in fit], more=len(rows) > len(fit))


def _fitting(rows: list[Message]) -> list[Message]:
    """As many of the first rows as make a page of bearable size; one at least."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.content)
        if size > PAGE_CHARACTERS and count:
            return rows[:count]
    return rows


def conversation_list(
    actor: Actor, found: QuerySet[Conversation] | None = None, limit: int | None = None
) -> list[wire.Conversation]:
    """The actor's conversations, the most recently active first. Three queries in all."""
    if found is None:
        found = conversations_of(actor)
    me: Any = actor.user_id  # None for a guest, who takes part nowhere.
    mine = Participant.objects.filter(conversation_id=OuterRef("pk"), user_id=me)
    found = found.annotate(my_read_number=Subquery(mine.values("read_number")[:1]))
    conversations = list(found.order_by("-active_at", "-pk")[:limit])
    people, last = _people(conversations), _last_messages(actor, conversations)
    return [
        wire_conversation(each, people[each.pk], vars(each)["my_read_number"], last.get(each.pk))
        for each in conversations
    ]


def conversation(actor: Actor, conversation_id: int) -> wire.Conversation:
    """One conversation as the actor sees it. Access is the caller's."""
    return conversation_list(actor, Conversation.objects.filter(pk=conversation_id))[0]


def conversation_of_each(conversation_id: int, user_ids: Iterable[Any]) -> dict[Any, wire.Conversation]:
    """A conversation as each of these participants sees it; not for those who are not active.

    Four queries, however many they are.
    """
    row = Conversation.objects.get(pk=conversation_id)
    hidden = HiddenMessage.objects.filter(message=OuterRef("pk"), user_id=OuterRef(OuterRef("user_id")))
    newest = Message.objects.filter(~Exists(hidden), conversation_id=row.pk).order_by("-number")
    asked = Participant.objects.filter(active("user__"), conversation_id=row.pk, user_id__in=list(user_ids))
    found = asked.annotate(last_id=Subquery(newest.values("pk")[:1])).values_list("user_id", "read_number", "last_id")
    participants = list(found.order_by("user_id"))
    last = Message.objects.select_related("sender").in_bulk({id for *_, id in participants if id is not None})
    people = _people([row])[row.pk]
    return {
        user_id: wire_conversation(row, people, read_number, last.get(last_id))
        for user_id, read_number, last_id in participants
    }


def _people(conversations: Sequence[Conversation]) -> dict[int, list[wire.Person]]:
    """Who takes part in each conversation, in one query; nobody in rooms, which anybody may enter."""
    found: dict[int, list[wire.Person]] = {each.pk: [] for each in conversations}
    shown = [each.pk for each in conversations if each.kind != Conversation.Kind.ROOM]
    for row in Participant.objects.filter(conversation_id__in=shown).select_related("user").order_by("pk"):
        found[row.conversation_id].append(person_of_user(row.user))
    return found


def wire_conversation(
    row: Conversation, people: list[wire.Person], read_number: int | None, last: Message | None
) -> wire.Conversation:
    """A conversation as it travels; ``read_number`` is None for who takes no part and has nothing unread."""
    if read_number is None:
        read_number = row.top_number
    return wire.Conversation(
        id=row.pk,
        topic=topic_of(row.pk),
        kind=row.kind,  # type: ignore[arg-type]
        title=row.title,
        name=row.room_name,
        participants=people,
        last_message=wire_message(last) if last else None,
        top_number=row.top_number,
        read_number=read_number,
        unread=row.top_number - read_number,
        created_at=row.created_at,
        active_at=row.active_at,
    )


def wire_room(row: Conversation) -> wire.Room:
    return wire.Room(id=row.pk, topic=topic_of(row.pk), name=row.room_name or "", created_at=row.created_at)


def last_message(actor: Actor, conversation_id: int) -> wire.Message | None:
    """The last message of a conversation that the actor has not deleted for oneself. One query."""
    found = visible(actor, conversation_id).order_by("-number").first()
    return wire_message(found) if found else None


def _last_messages(actor: Actor, conversations: Sequence[Conversation]) -> dict[int, Message]:
    """The last message that the actor sees of each conversation, in one query."""
    ids = [each.pk for each in conversations]
    newest = Message.objects.filter(conversation_id=OuterRef("pk")).order_by("-number")
    if actor.user_id is not None:
        hidden = HiddenMessage.objects.filter(message=OuterRef("pk"), user_id=actor.user_id)
        newest = newest.filter(~Exists(hidden))
    wanted = Conversation.objects.filter(pk__in=ids).annotate(last_id=newest.values("pk")[:1]).values("last_id")
    found = Message.objects.filter(pk__in=wanted).select_related("sender")
    return {message.conversation_id: message for message in found}


def users_by_name(names: list[str]) -> dict[str, Any]:
    """Active users by their exact names; names that nobody has are missing."""
    model = get_user_model()
    field = model.USERNAME_FIELD
    # PostgreSQL refuses to look for a name with NUL.
    names = [name for name in names if "\x00" not in name]
    found = model._default_manager.filter(active(), **{f"{field}__in": names})
    return {user.get_username(): user for user in found}


def topics_of(actor: Actor) -> list[str]:
    """The topics of all the actor's conversations. One query."""
    return [topic_of(pk) for pk in conversations_of(actor).values_list("pk", flat=True)]


def room_topic(name: str) -> str:
    """The topic of a room; empty where there is none of this name."""
    found = Conversation.objects.filter(room_name=name).values_list("pk", flat=True).first()
    return "" if found is None else topic_of(found)


def rooms() -> QuerySet[Conversation]:
    return Conversation.objects.filter(room_name__isnull=False).order_by("room_name")
