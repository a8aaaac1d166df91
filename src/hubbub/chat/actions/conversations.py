"""Starting conversations and entering rooms."""

import unicodedata

from django.db import IntegrityError, transaction
from django.utils import timezone

from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.chat.actions.grants import grant
from hubbub.chat.models import Conversation, Participant
from hubbub.chat.policy import topic_of
from hubbub.django.actions import action
from hubbub.django.conf import database_alias
from hubbub.django.streams import position_of
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import BadData

MAX_ROOM_NAME = 100
_ROOM_CATEGORIES = ("L", "M", "Nd", "Nl")
"""Letters, the marks that many scripts write vowels with, digits, and numbers that are letters."""
MAX_TITLE = 120
MAX_PARTICIPANTS = 100


def check_room_name(name: str) -> str:
    """The name in its composed form, so that one room has one name however it was typed.

    Letters of any script, digits, ``_`` and ``-``, not digits alone, at most 100. Raises BadData.
    """
    # Composing takes quadratic time on long runs of marks: no name that is too long gets there.
    name = unicodedata.normalize("NFC", name) if len(name) <= 4 * MAX_ROOM_NAME else ""
    legal = all(each in "_-" or unicodedata.category(each).startswith(_ROOM_CATEGORIES) for each in name)
    if not legal or not 1 <= len(name) <= MAX_ROOM_NAME or name.isdigit():
        raise BadData("A room's name is 1 to 100 letters, digits, '_' and '-', and not digits alone.")
    return name


def clean_title(title: str) -> str:
    """The title as it is saved. Raises BadData for one that is too long or holds NUL."""
    title = title.strip()
    if len(title) > MAX_TITLE or "\x00" in title:
        raise BadData(f"A title has at most {MAX_TITLE} characters.")
    return title


@action
def create_conversation(
    actor: Actor, participants: list[str], title: str = "", *, client_id: str | None = None
) -> wire.ConversationReply:
    """Start a conversation; one name and no title is a direct one, found or made (rule CHT-7).

    Raises NotAuthenticated, BadData for a name that nobody has.
    """
    actor.require_user()
    title = clean_title(title)
    names = [name for name in dict.fromkeys(participants) if name != actor.username]
    if not names:
        raise BadData("Name somebody else to talk to.")
    if len(names) >= MAX_PARTICIPANTS:
        raise BadData(f"A group has at most {MAX_PARTICIPANTS} people.")
    users = queries.users_by_name(names)
    if unknown := [name for name in names if name not in users]:
        raise BadData(f"No user is called {', '.join(unknown)}.")
    ids = [actor.user_id, *(users[name].pk for name in names)]
    if len(ids) == 2 and not title:
        conversation, made = _direct(actor, ids)
    else:
        conversation, made = _insert(Conversation.Kind.GROUP, actor, title=title), True
    if made:
        Participant.objects.bulk_create(
            [Participant(conversation=conversation, user_id=id, opened=id == actor.user_id) for id in ids]
        )
        grant(conversation, ids, position_of(topic_of(conversation.pk)), author=actor.key)
    return wire.ConversationReply(queries.conversation(actor, conversation.pk))


@action
def join_room(actor: Actor, name: str) -> wire.ConversationReply:
    """Enter a room, making it if it is new (rule CHT-8); a user has it in the list from then on.

    Raises BadData for an illegal name.
    """
    conversation = _room(actor, name)
    if actor.user_id is not None:
        _, entered = Participant.objects.get_or_create(
            conversation=conversation,
            user_id=actor.user_id,
            defaults={"read_number": conversation.top_number},
        )
        if entered:
            grant(conversation, [actor.user_id], position_of(topic_of(conversation.pk)), author=actor.key)
    return wire.ConversationReply(queries.conversation(actor, conversation.pk))


@action
def room_named(actor: Actor, name: str) -> str:
    """The topic of a room, which is made if it is new. Raises BadData for an illegal name."""
    return topic_of(_room(actor, name).pk)


def _room(actor: Actor, name: str) -> Conversation:
    name = check_room_name(name)
    found = Conversation.objects.filter(room_name=name).first()
    if found is not None:
        return found
    return _found_or_made({"room_name": name}, Conversation.Kind.ROOM, actor)[0]


def _direct(actor: Actor, ids: list[int | str | None]) -> tuple[Conversation, bool]:
    key = ":".join(sorted(str(id) for id in ids))
    found = Conversation.objects.filter(direct_key=key).first()
    if found is not None:
        return found, False
    return _found_or_made({"direct_key": key}, Conversation.Kind.DIRECT, actor)


def _found_or_made(key: dict[str, str], kind: str, actor: Actor) -> tuple[Conversation, bool]:
    """Make the conversation of a unique key, or find the one that another transaction has just made."""
    try:
        with transaction.atomic(using=database_alias()):
            return _insert(kind, actor, **key), True
    except IntegrityError:
        return Conversation.objects.get(**key), False


def _insert(kind: str, actor: Actor, **fields: str) -> Conversation:
    return Conversation.objects.create(kind=kind, creator_id=actor.user_id, active_at=timezone.now(), **fields)
