"""Pushing in the task worker (rules PSH-3 and PSH-7). Imported by whoever enqueues, and by the worker."""

import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

from django.utils import timezone

from hubbub.django.later import task
from hubbub.engine.actor import SYSTEM
from hubbub.notifications.push import actions, queries
from hubbub.notifications.push.actions import MOST_DEVICES, away_after
from hubbub.notifications.push.models import PushSubscription
from hubbub.notifications.push.payload import push_of
from hubbub.notifications.push.sending import WHOLE_SECONDS, Answer, Browser, Outcome, Push, send

logger = logging.getLogger("hubbub.push")

AT_ONCE = MOST_DEVICES
"""Browsers that are pushed to at the same time: all, so that none waits for one that doesn't answer."""
RETRIES = (30.0, 120.0, 600.0, 1800.0)
"""Seconds until each further try."""


@task()
def push(id: int, number: int, to: list[int] | None = None, tries: int = 0) -> None:
    """Push a notification, unless that is not to be any more; to all its user's browsers, or those of these ids."""
    row = queries.to_push(id, number)
    if row is None:
        return
    subscriptions = queries.reachable(row.user_id)
    if to is not None:
        subscriptions = [each for each in subscriptions if each.pk in to]
    answers = _send_all(subscriptions, push_of(row, queries.latest_unread(row.user_id)))
    later, silent = _of(answers, Outcome.LATER), _of(answers, Outcome.SILENT)
    last = tries >= len(RETRIES)
    actions.note(
        SYSTEM,
        sent=_of(answers, Outcome.SENT),
        failed=[*_of(answers, Outcome.REFUSED), *(later if last else ())],
        gone=_of(answers, Outcome.GONE),
        silent=silent,
    )
    if silent and not last:
        away = max(away_after(each.failures) for each in subscriptions if each.pk in silent)
        _again(away.total_seconds(), id, number, silent, tries)
    if later and last:
        logger.warning("A push was given up after %d tries: its push service takes none.", tries + 1)
    elif later:
        seconds = max(RETRIES[tries], *(answers[pk].retry_after for pk in later))
        _again(seconds, id, number, later, tries)


def _again(seconds: float, id: int, number: int, to: Collection[int], tries: int) -> None:
    """Push it to these once more, later."""
    push.using(run_after=timezone.now() + timedelta(seconds=seconds)).enqueue(id, number, sorted(to), tries + 1)


def _send_all(subscriptions: Collection[PushSubscription], what: Push) -> dict[int, Answer]:
    """Send to all at once, for 20 s at most. Returns the answers by subscription."""
    until = monotonic() + WHOLE_SECONDS
    browsers = {row.pk: Browser(row.endpoint, row.p256dh, row.auth) for row in subscriptions}
    if not browsers:
        return {}
    with ThreadPoolExecutor(min(AT_ONCE, len(browsers)), thread_name_prefix="hubbub-push") as pool:
        return dict(zip(browsers, pool.map(lambda browser: send(browser, what, until), browsers.values()), strict=True))


def _of(answers: dict[int, Answer], outcome: Outcome) -> list[int]:
    return [pk for pk, answer in answers.items() if answer.outcome is outcome]
