"""The sockets of chat beside the full protocol, and what they are bound to."""

from functools import partial

from hubbub.chat import actions, queries
from hubbub.chat.actions.conversations import check_room_name
from hubbub.chat.dialects.conversation import conversation_dialect
from hubbub.chat.dialects.room import room_dialect
from hubbub.chat.policy import topic_of, user_topic
from hubbub.chat.topics import authorize_own
from hubbub.engine.actor import Actor
from hubbub.engine.engine import Engine
from hubbub.engine.sockets import Binding, socket
from hubbub.protocol.errors import Absent, BadData, Forbidden, NotAuthenticated

LOBBY = "lobby"
MAX_DIGITS = 18
"""Of a conversation's number: what a column of 64 bits holds for sure."""


@socket(r"chat/(?P<id>[0-9]+)/")
async def conversation(engine: Engine, actor: Actor, params: dict[str, str]) -> Binding:
    """Conversations by number: signed-in participants only."""
    actor.require_user()
    if len(params["id"]) > MAX_DIGITS:
        raise Absent
    topic = topic_of(int(params["id"]))
    topics = [topic, user_topic(actor.user_id or "")]
    return Binding(conversation_dialect(topic), topics, authorize=authorize_own)


@socket(r"chat/(?P<name>[^/]+)/")
async def room(engine: Engine, actor: Actor, params: dict[str, str]) -> Binding:
    """Rooms by name; made when first joined."""
    topic = await _enter(engine, actor, params["name"])
    return Binding(room_dialect(topic), [topic], snapshot=True)


@socket(r"chat/")
async def lobby(engine: Engine, actor: Actor, params: dict[str, str]) -> Binding:
    """The room ``lobby``, whose messages are of the type ``chat``."""
    topic = await _enter(engine, actor, LOBBY)
    return Binding(room_dialect(topic, "chat"), [topic], snapshot=True)


async def _enter(engine: Engine, actor: Actor, name: str) -> str:
    """The topic of a room. Raises NotAuthenticated, Forbidden, RateLimited, Busy."""
    if actor.is_guest and not engine.settings.guests:
        raise NotAuthenticated
    try:
        name = check_room_name(name)
    except BadData:
        raise Forbidden from None
    # Nobody who comes back waits for the writer; only a new room does, and counts against the limit.
    if topic := await engine.reader.run(partial(queries.room_topic, name)):
        return topic
    # Each connection is a new guest, so all of them have a limit together.
    engine.limiter.count("conversations", actor)
    return await engine.writer.run(partial(actions.room_named, actor, name), topic="")
