"""When pushes are sent, and when browsers are forgotten: by the channel ``push``, and by sign-ins that end."""

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


@channel(queries.CHANNEL)
def push_soon(delivery: Delivery) -> None:
    """Have it pushed in ``PUSH_DELAY`` seconds: until then it may be read, or be seen on another device."""
    if not hubbub_settings().vapid_private_key or not can_wait() or not queries.has_devices(delivery.user_id):
        return
    from hubbub.notifications.push.tasks import push  # What runs tasks is not needed to start.

    at = timezone.now() + timedelta(seconds=hubbub_settings().push_delay)
    push.using(run_after=at).enqueue(delivery.notification.id, delivery.notification.number)


@on_event(SessionsEnded)
def forget_signed_out(event: Happened) -> None:
    """Who has signed out is told nothing more in that browser (rule PSH-6)."""
    ended: SessionsEnded = event.data
    actions.end_logins(SYSTEM, ended.actor.partition(".")[2], ended.login, ended.except_login)


register_pruner("browsers that take pushes", partial(actions.prune, SYSTEM))
