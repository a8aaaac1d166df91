"""The mail of a digest."""

import hashlib
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from hubbub.django.conf import hubbub_settings
from hubbub.notifications.digests.queries import MOST_SHOWN, Mail
from hubbub.notifications.models import Notification
from hubbub.protocol.errors import BadData

_SALT = "hubbub.notifications.unsubscribe"
MOST_BODY = 500
"""Characters of a notification's text."""


class BadLink(BadData):
    """This link is not whole. Copy all of it from the mail."""


def message_of(mail: Mail) -> EmailMessage:
    """The mail. The same notifications make the same ``Message-ID``: sent twice, most mailboxes show it once."""
    base = hubbub_settings().public_url.rstrip("/") + "/"
    host = urlsplit(base).hostname or ""
    off = off_link(mail.user.pk)
    context = {
        "notifications": [_shown(row, base) for row in mail.notifications[:MOST_SHOWN]],
        "count": len(mail.notifications),
        "more": max(0, len(mail.notifications) - MOST_SHOWN),
        "host": host,
        "url": base,
        "off": off,
    }
    subject = " ".join(render_to_string("hubbub/mail/digest_subject.txt", context).split())
    told = ",".join(f"{row.pk}.{row.number}" for row in mail.notifications)
    digest = hashlib.sha256(f"{mail.user.pk}:{told}".encode()).hexdigest()[:32]
    headers = {
        "Message-ID": f"<digest.{digest}@{host}>",
        "List-Unsubscribe": f"<{off}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    body = render_to_string("hubbub/mail/digest.txt", context)
    return EmailMessage(subject, body, to=[mail.address], headers=headers)


def _shown(row: Notification, base: str) -> dict[str, Any]:
    text = row.body if len(row.body) <= MOST_BODY else f"{row.body[:MOST_BODY]}…"
    return {"title": row.title, "body": text, "link": _absolute(row.link, base), "count": row.count}


def _absolute(link: str, base: str) -> str:
    """A link as a mail needs it; empty for one that leads to no page."""
    found = urljoin(base, link) if link else ""
    return found if urlsplit(found).scheme in ("http", "https") else ""


def off_link(user_id: Any) -> str:
    """The address by which whoever reads the mail has no more of them, without signing in. It stays good.

    Raises NoReverseMatch where a project has not included the URLs of ``hubbub.web``.
    """
    token = signing.dumps(str(user_id), salt=_SALT)
    return urljoin(hubbub_settings().public_url, reverse("hubbub_web:mails_off", args=[token]))


def user_of(token: str) -> str:
    """The primary key, as text, of whose link it is. Raises BadLink."""
    try:
        return str(signing.loads(token, salt=_SALT))
    except signing.BadSignature:
        raise BadLink from None
