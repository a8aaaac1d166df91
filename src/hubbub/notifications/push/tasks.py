"""Pushing in the task worker (rules PSH-3 and PSH-7). Imported by whoever enqueues, and by the worker."""

import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone

from hubbub.django.later import task
from hubbub.engine.actor import SYSTEM
from hubbub.notifications.push import actions, queries
from hubbub.notifications.push.models import PushSubscription
from hubbub.notifications.push.payload import push_of
from hubbub.notifications.push.sending import Answer, Browser, Outcome, Push, send

logger = logging.getLogger("hubbub.push")

AT_ONCE = 8
"""Browsers that are pushed to at the same time."""
RETRIES = (30.0, 120.0, 600.0, 1800.0)
"""Seconds until each further try."""


@task()
def push(id: int, number: int, to: list[int] | None = None, tries: int = 0) -> None:
    """Push a notification, unless that is not to be any more; to all its user's browsers, or those of these ids."""
    row = queries.to_push(id, number)
    if row is None:
        return
    subscriptions = PushSubscription.objects.filter(user_id=row.user_id)
    if to is not None:
        subscriptions = subscriptions.filter(pk__in=to)
    answers = _send_all(list(subscriptions), push_of(row, queries.latest_unread(row.user_id)))
    later = _of(answers, Outcome.LATER)
    last = tries >= len(RETRIES)
    actions.note(
        SYSTEM,
        sent=_of(answers, Outcome.SENT),
        failed=[*_of(answers, Outcome.REFUSED), *(later if last else ())],
        gone=_of(answers, Outcome.GONE),
    )
    if later and last:
        logger.warning("A push was given up after %d tries: its push service takes none.", tries + 1)
    elif later:
        seconds = max(RETRIES[tries], *(answers[pk].retry_after for pk in later))
        again = push.using(run_after=timezone.now() + timedelta(seconds=seconds))
        again.enqueue(id, number, sorted(later), tries + 1)


def _send_all(subscriptions: Collection[PushSubscription], what: Push) -> dict[int, Answer]:
    """Send to all, several at once. Returns the answers by subscription."""
    browsers = {row.pk: Browser(row.endpoint, row.p256dh, row.auth) for row in subscriptions}
    if not browsers:
        return {}
    with ThreadPoolExecutor(min(AT_ONCE, len(browsers)), thread_name_prefix="hubbub-push") as pool:
        return dict(zip(browsers, pool.map(lambda browser: send(browser, what), browsers.values()), strict=True))


def _of(answers: dict[int, Answer], outcome: Outcome) -> list[int]:
    return [pk for pk, answer in answers.items() if answer.outcome is outcome]
