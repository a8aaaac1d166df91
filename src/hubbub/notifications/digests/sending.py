"""Sending the digests that are due (rule PSH-8): a recurring job looks, the task worker sends."""

import logging
from smtplib import SMTPException
from typing import Any

from django.apps import apps

from hubbub.django.auth import wire_id
from hubbub.django.conf import hubbub_settings
from hubbub.django.later import can_wait, task
from hubbub.engine.actor import SYSTEM
from hubbub.notifications.digests import actions, queries
from hubbub.notifications.digests.mails import message_of

logger = logging.getLogger("hubbub.digests")

MOST_TRIES = 8


def send_due() -> int:
    """Have the digests sent that are due, a hundred at most. Returns how many."""
    if not (hubbub_settings().public_url and apps.is_installed("hubbub.web")):
        return 0  # Without a page of ours no link leads anywhere, not the one by which they end either.
    due = actions.claim(SYSTEM)
    for user_id in due:
        if can_wait():
            send_digest.enqueue(wire_id(user_id))
        else:
            send(user_id)
    return len(due)


def send(user_id: Any) -> None:
    """Mail the user what is unread of what waits. What can't be mailed now is tried again, and given up in the end.

    In the user's quiet hours nothing happens: what was claimed is due again some minutes later.
    """
    if queries.wants_quiet(user_id):
        return
    items = queries.items_of(user_id)
    mail = queries.mail_of(user_id, [id for id, _ in items])
    try:
        if mail is not None:
            message_of(mail).send()
    except (SMTPException, OSError) as error:
        tries = actions.failed(SYSTEM, user_id)
        logger.warning("A digest could not be sent, %d times now: %s: %s", tries, type(error).__name__, error)
        if tries < MOST_TRIES:
            return
    actions.finish(SYSTEM, user_id, items, sent=mail is not None)


@task()
def send_digest(user_id: int | str) -> None:
    send(user_id)
