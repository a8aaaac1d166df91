"""When pushes are sent, and when browsers are forgotten: by the channel ``push``, and by sign-ins that end."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.utils import timezone

from hubbub.django.conf import hubbub_settings
from hubbub.django.later import can_wait
from hubbub.django.listeners import Happened, on_event
from hubbub.django.retention import register_pruner
from hubbub.engine.actor import SYSTEM
from hubbub.engine.control import SessionsEnded
from hubbub.notifications.channels import Delivery, channel
from hubbub.notifications.push import actions, queries


@channel(queries.CHANNEL, together=True, in_quiet_hours=True)
def push_soon(deliveries: Sequence[Delivery]) -> None:
    """Have them pushed in ``PUSH_DELAY`` seconds: until then they may be read, or be seen on another device."""
    if not hubbub_settings().vapid_private_key or not can_wait():
        return
    there = queries.with_devices({each.user_id for each in deliveries})
    # Of one that is counted up several times, the last.
    wanted = {each.notification.id: each.notification for each in deliveries if each.user_id in there}
    if not wanted:
        return
    from hubbub.notifications.push.tasks import push  # What runs tasks is not needed to start.

    soon = push.using(run_after=timezone.now() + timedelta(seconds=hubbub_settings().push_delay))
    for each in wanted.values():
        soon.enqueue(each.id, each.number)


@on_event(SessionsEnded)
def forget_signed_out(event: Happened) -> None:
    """Who has signed out is told nothing more in that browser (rule PSH-6)."""
    ended: SessionsEnded = event.data
    actions.end_logins(SYSTEM, ended.actor.partition(".")[2], ended.login, ended.except_login)


register_pruner("browsers that take pushes", partial(actions.prune, SYSTEM))
