"""Mails: short texts from ``templates/hubbub/mail/``, sent by a thread of their own.

The answer to a request does not wait for a mail, nor does it take longer where there is one to be sent: nobody
learns from it who has an account. A mail that cannot be sent is logged, and lost: people ask for another.
"""

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from hubbub.accounts import links, queries
from hubbub.django.auth import email_field
from hubbub.django.conf import database_alias
from hubbub.django.limits import limiter
from hubbub.django.transactions import renew_connections
from hubbub.protocol.errors import Busy, RateLimited

logger = logging.getLogger("hubbub.accounts.mails")

MOST_WAITING = 1000


class MailThread:
    """Does what it is given in another thread, one after another."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Callable[[], object]] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, job: Callable[[], object]) -> None:
        """Raises Busy where a thousand wait."""
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            raise Busy from None
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # A fork has no threads.
                # A daemon: a mail server that does not answer must not hold up the end of this process.
                self._thread = threading.Thread(target=self._work, name="hubbub-mail", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            attempt(partial(self._do, self._waiting.get()))

    def _do(self, job: Callable[[], object]) -> None:
        renew_connections(database_alias())
        job()


def attempt(job: Callable[[], object]) -> None:
    """Do it; whatever it raises is logged."""
    try:
        job()
    except Exception as error:
        logger.error("a mail could not be sent: %s: %s", type(error).__name__, error)


thread = MailThread()


def send_reset(address: str, base: str) -> None:
    """Send each account of an address the link to a new password. Raises Busy."""
    thread.put(partial(_send_reset, address, base))


def send_verification(user: Any, address: str, base: str) -> None:
    """Send an address the link that makes it the user's. Raises Busy."""
    link = f"{base}verify#{links.address_token(user, address)}"
    thread.put(partial(_send, "verify_email", address, {"link": link}, base))


def send_changed(user: Any, before: str, base: str) -> None:
    """Tell the address that an account had before that it has another. Raises Busy."""
    thread.put(partial(_send, "email_changed", before, {"username": user.get_username()}, base))


def _send_reset(address: str, base: str) -> None:
    for user in queries.users_with_address(address):
        context = {"link": f"{base}reset#{links.reset_token(user)}", "username": user.get_username()}
        # To the address as it is stored: the one that was typed may only look like it.
        if not _send("reset_password", getattr(user, email_field()), context, base):
            return


def _send(name: str, to: str, context: dict[str, Any], base: str) -> bool:
    """Send one mail, unless the address has had as many as it may. Returns whether it was sent."""
    try:
        limiter().hit("mails", f"to {queries.folded(to)}")
    except RateLimited:
        logger.info("an address has had as many mails as it may: one more is not sent")
        return False
    hours = max(1, settings.PASSWORD_RESET_TIMEOUT // 3600)
    context = {**context, "host": urlsplit(base).netloc, "url": base, "hours": hours}
    subject = " ".join(render_to_string(f"hubbub/mail/{name}_subject.txt", context).split())
    EmailMessage(subject, render_to_string(f"hubbub/mail/{name}.txt", context), to=[to]).send()
    return True
