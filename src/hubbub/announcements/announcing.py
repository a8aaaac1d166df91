"""``announce`` and ``aannounce``: what a project's own code calls. Whoever may run code is not asked for permission."""

from datetime import datetime
from typing import Any, Literal

from hubbub.announcements import actions
from hubbub.announcements.models import Announcement
from hubbub.django.audiences import Audience
from hubbub.django.twins import in_thread, refuse_in_loop
from hubbub.engine.actor import SYSTEM


def announce(
    audience: Audience,
    title: str,
    *,
    body: str = "",
    level: Literal["info", "success", "warning", "danger"] = "info",
    link: str = "",
    banner: bool = True,
    acknowledge: bool = False,
    at: datetime | None = None,
    counts_to: datetime | None = None,
    expires: datetime | None = None,
) -> Announcement:
    """Say something to an audience: one row and one event, however many users it has (rule ANN-1).

    It is shown from ``at`` on (None: now) until ``expires`` (None: until it is withdrawn, or, without a banner, for
    ``NOTIFICATION_DAYS``). ``banner``: across the page; without it, only where notifications are. ``counts_to``: a
    clock beside it runs down to then. ``acknowledge``: everybody is asked to say that they have read it. All times need
    a time zone. ``link`` is an http address or a path of this site.

    Inside ``atomic()`` it is part of that transaction. Returns the row. Raises BadData for what doesn't fit, for one
    an audience that isn't there, TypeError for what is none, SynchronousOnlyOperation in async code: there it is
    ``await hubbub.aannounce(…)``.
    """
    refuse_in_loop("announce")
    if not isinstance(audience, Audience):
        raise TypeError(f"{audience!r} is no audience: give one, as Audience.everyone(); for users there is notify.")
    content: dict[str, Any] = {
        "title": title,
        "body": body,
        "level": level,
        "link": link,
        "banner": banner,
        "acknowledge": acknowledge,
        "counts_to": counts_to,
        "expires_at": expires,
    }
    return actions.announce(SYSTEM, audience, content, at)


async def aannounce(audience: Audience, title: str, **options: Any) -> Announcement:
    """``announce`` for coroutines, with the same arguments. Raises what ``announce`` does."""
    return await in_thread(announce, audience, title, **options)
