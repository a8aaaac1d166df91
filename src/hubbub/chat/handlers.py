"""The socket commands of chat; the rules are the actions'."""

from functools import partial

from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.chat.policy import TOPIC_KIND, access, conversation_id_of, user_topic
from hubbub.engine.actor import Actor
from hubbub.engine.context import Context
from hubbub.engine.following import follow_all, going_live
from hubbub.protocol.registry import handles


@handles(wire.Send)
async def send(ctx: Context, data: wire.Send) -> wire.MessageReply:
    return await ctx.act(actions.send_message, ctx.actor, ctx.topic, data.content, client_id=data.client_id)


@handles(wire.Hide)
async def hide(ctx: Context, data: wire.Hide) -> None:
    await ctx.act(actions.hide_message, ctx.actor, ctx.topic, data.message_id, client_id=data.client_id)


@handles(wire.MarkRead)
async def mark_read(ctx: Context, data: wire.MarkRead) -> wire.ReadReply:
    return await ctx.act(actions.mark_read, ctx.actor, ctx.topic, data.number)


@handles(wire.Create)
async def create(ctx: Context, data: wire.Create) -> wire.ConversationReply:
    return await ctx.act(
        actions.create_conversation, ctx.actor, data.participants, data.title, client_id=data.client_id
    )


@handles(wire.JoinRoom)
async def join_room(ctx: Context, data: wire.JoinRoom) -> wire.ConversationReply:
    return await ctx.act(actions.join_room, ctx.actor, data.name)


@handles(wire.Leave)
async def leave(ctx: Context, data: wire.Leave) -> None:
    await ctx.act(actions.leave, ctx.actor, conversation_id_of(ctx.topic))


@handles(wire.History)
async def history(ctx: Context, data: wire.History) -> wire.HistoryPage:
    return await ctx.read(_history, ctx.actor, ctx.topic, data)


def _history(actor: Actor, topic: str, data: wire.History) -> wire.HistoryPage:
    conversation = access(actor, conversation_id_of(topic))
    return queries.history(actor, conversation.pk, data.before, data.limit)


@handles(wire.SetTyping)
async def set_typing(ctx: Context, data: wire.SetTyping) -> None:
    """No database: being subscribed proves access. On change only (rule CHT-3)."""
    subscription = ctx.subscription
    conversation_id_of(ctx.topic)
    if subscription.memory.get("typing", False) == data.is_typing:
        return
    subscription.memory["typing"] = data.is_typing
    # In a room every socket is somebody; elsewhere one's own other tabs are not told.
    announces = subscription.authorized
    ctx.publish_ephemeral(
        wire.Typing(queries.person_of_actor(ctx.actor), data.is_typing),
        skip=ctx.session.id if announces else ctx.actor.key,
        key=f"typing {ctx.session.id}",
    )


@handles(wire.SubscribeInbox)
async def subscribe_inbox(ctx: Context, data: wire.SubscribeInbox) -> object:
    ctx.actor.require_user()
    actor, session = ctx.actor, ctx.session
    subscriptions, found = await follow_all(
        session, partial(_inbox_topics, actor), partial(queries.conversation_list, actor), data.since, TOPIC_KIND
    )
    with going_live(session, subscriptions, found):
        return ctx.reply(wire.Inbox(found.snapshot, found.positions, list(found.reset)))


def _inbox_topics(actor: Actor) -> list[str]:
    return [user_topic(actor.user_id or ""), *queries.topics_of(actor)]
