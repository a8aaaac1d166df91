"""The socket commands of announcements; the rules are the actions'."""

from functools import partial

from hubbub.announcements import actions, queries
from hubbub.announcements import messages as wire
from hubbub.django.audiences import TOPIC_KIND
from hubbub.engine.context import Context
from hubbub.engine.following import follow_all, going_live
from hubbub.protocol.registry import handles


@handles(wire.SubscribeAnnouncements)
async def subscribe_announcements(ctx: Context, data: wire.SubscribeAnnouncements) -> object:
    ctx.actor.require_user()
    actor, session = ctx.actor, ctx.session
    subscriptions, found = await follow_all(
        session, partial(queries.topics_of, actor), partial(queries.feed, actor), data.since, TOPIC_KIND
    )
    feed: queries.Feed = found.snapshot
    with going_live(session, subscriptions, found):
        return ctx.reply(wire.AnnouncementFeed(feed.announcements, feed.unread, found.positions, list(found.reset)))


@handles(wire.SeeAnnouncements)
async def see(ctx: Context, data: wire.SeeAnnouncements) -> wire.SeenReply:
    return await ctx.act(actions.see, ctx.actor, data.up_to)


@handles(wire.AcknowledgeAnnouncement)
async def acknowledge(ctx: Context, data: wire.AcknowledgeAnnouncement) -> None:
    await ctx.act(actions.acknowledge, ctx.actor, data.id)
