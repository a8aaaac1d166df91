"""Sending the digests that are due (rule PSH-8): a recurring job looks, the task worker sends."""

import logging
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
        try:
            if can_wait():
                send_digest.enqueue(wire_id(user_id))
            else:
                send(user_id)
        except Exception:  # One alone holds up none of the others; it is due again later.
            logger.exception("The digest of user %s could not be begun.", user_id)
    return len(due)


def send(user_id: Any) -> None:
    """Mail the user what is unread of what waits. What can't be mailed now is tried again, and given up in the end.

    In the user's quiet hours only what tells of danger is sent: what was claimed is due again some minutes later.
    """
    items = queries.items_of(user_id)
    try:
        mail = queries.mail_of(user_id, [id for id, _ in items])
        if mail is not None:
            if not queries.may_send(mail):
                return
            message_of(mail).send()
        sent = mail is not None
    except Exception:  # Also what a template, or a mail service's own backend, may raise.
        tries = actions.failed(SYSTEM, user_id)
        logger.warning("The digest of user %s could not be sent, %d times now.", user_id, tries, exc_info=True)
        if tries < MOST_TRIES:
            return
        sent = False
    actions.finish(SYSTEM, user_id, items, sent=sent)


@task()
def send_digest(user_id: int | str) -> None:
    send(user_id)
