"""The topics of chat: ``chat.<conversation id>`` and ``user.<user id>``."""

from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.chat.policy import TOPIC_KIND, access, access_own, conversation_id_of, user_topic
from hubbub.engine.actor import Actor, authorize_user
from hubbub.engine.session import Session
from hubbub.engine.subscription import Subscription
from hubbub.protocol.registry import TopicKind, topic_kind


def authorize(actor: Actor, topic: str) -> str:
    """The room's name, empty for other conversations: only rooms announce who comes and goes. Raises Absent."""
    return access(actor, conversation_id_of(topic)).room_name or ""


def authorize_own(actor: Actor, topic: str) -> str:
    """As both kinds' own rules, but a room too is only for those who have it in their list. Raises Absent."""
    if topic == user_topic(actor.user_id or ""):
        authorize_user(actor, topic)
        return ""
    return access_own(actor, conversation_id_of(topic)).room_name or ""


def room_alias(topic: str, room_name: str) -> str:
    """``room.<name>`` of a room's topic: whoever sends to the room's group knows it by name."""
    return f"room.{room_name}" if room_name else ""


def snapshot(actor: Actor, topic: str) -> wire.HistoryPage:
    return queries.history(actor, conversation_id_of(topic), None, queries.HISTORY_LIMIT)


def audience(actor: Actor) -> str:
    """Guests are shown alike; users have messages that they alone have deleted."""
    return "" if actor.is_guest else actor.key


def joined(session: Session, subscription: Subscription) -> None:
    """Tell a room that somebody has come."""
    if subscription.authorized and not subscription.memory.get("announced"):
        subscription.memory["announced"] = True
        announce(session, subscription, wire.UserJoined(queries.person_of_actor(session.actor)))


def left(session: Session, subscription: Subscription) -> None:
    """Who goes does not type any more, and a room is told."""
    person = queries.person_of_actor(session.actor)
    if subscription.memory.get("typing"):
        announce(session, subscription, wire.Typing(person, is_typing=False))
    if subscription.memory.get("announced"):
        announce(session, subscription, wire.UserLeft(person))


def announce(
    session: Session, subscription: Subscription, event: wire.Typing | wire.UserJoined | wire.UserLeft
) -> None:
    session.engine.publish_ephemeral(subscription.topic, event, author=session.actor.key, skip=session.id)


topic_kind(
    TopicKind(
        TOPIC_KIND,
        authorize,
        snapshot,
        joined,
        left,
        revokes=True,
        audience=audience,
        alias=room_alias,
        key="conversation id",
        example="42",
        doc="A conversation. Its participants may follow it; a room everybody who may connect.",
    )
)
topic_kind(
    TopicKind(
        "user",
        authorize_user,
        reads=False,
        key="user id",
        example="7",
        doc="What concerns one user alone, on all of that user's sockets. Only that user may follow it.",
    )
)
