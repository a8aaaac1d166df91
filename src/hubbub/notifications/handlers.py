"""The socket commands of notifications; the rules are the actions'."""

from hubbub.engine.actor import Actor
from hubbub.engine.context import Context
from hubbub.notifications import actions, queries
from hubbub.notifications import messages as wire
from hubbub.notifications.push import handlers as push_handlers
from hubbub.protocol.registry import handles

__all__ = ["push_handlers"]


@handles(wire.MarkNotifications)
async def mark(ctx: Context, data: wire.MarkNotifications) -> wire.UnreadNotifications:
    return await ctx.act(actions.mark, ctx.actor, data.ids, data.read)


@handles(wire.MarkAllNotifications)
async def mark_all(ctx: Context, data: wire.MarkAllNotifications) -> wire.UnreadNotifications:
    return await ctx.act(actions.mark_all, ctx.actor, data.up_to)


@handles(wire.NotificationHistory)
async def history(ctx: Context, data: wire.NotificationHistory) -> wire.NotificationPage:
    return await ctx.read(_history, ctx.actor, data)


def _history(actor: Actor, data: wire.NotificationHistory) -> wire.NotificationPage:
    return queries.history(actor.require_user(), data.before, data.limit, data.unread)


@handles(wire.ReadPreferences)
async def preferences(ctx: Context, data: wire.ReadPreferences) -> wire.Preferences:
    return await ctx.read(queries.preferences, ctx.actor.require_user())


@handles(wire.SetPreference)
async def set_preference(ctx: Context, data: wire.SetPreference) -> wire.Preferences:
    return await ctx.act(actions.set_preference, ctx.actor, data.kind, data.channel, data.on)


@handles(wire.SetQuietHours)
async def set_quiet_hours(ctx: Context, data: wire.SetQuietHours) -> wire.Preferences:
    return await ctx.act(actions.set_quiet_hours, ctx.actor, data)
