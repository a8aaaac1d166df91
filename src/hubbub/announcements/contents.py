"""What an announcement may say."""

from django.utils import timezone

from hubbub.announcements.models import Announcement
from hubbub.django.audiences import Audience, title_of
from hubbub.django.notifying import checked_link
from hubbub.protocol.errors import Absent, BadData

CONTENTS = ("title", "body", "level", "link", "banner", "acknowledge", "counts_to", "expires_at")
"""The fields that say what it is, and can be changed."""
MAX_BODY = 10_000
TIMES = {"begins_at": "at", "counts_to": "counts_to", "expires_at": "expires_at"}
"""The times, by the names that who announces something gives them."""


def check(row: Announcement) -> None:
    """Put the text as it is saved, and say what is wrong. Raises BadData."""
    row.title, row.link = row.title.strip(), row.link.strip()
    if not 1 <= len(row.title) <= 200:
        raise BadData("A title has 1 to 200 characters.")
    if len(row.body) > MAX_BODY:
        raise BadData(f"A text has at most {MAX_BODY:,} characters.")
    if "\x00" in row.title + row.body + row.link:
        raise BadData("Text holds no NUL.")
    if row.level not in Announcement.Level:
        raise BadData(f"The level is one of {', '.join(Announcement.Level.values)}.")
    try:
        checked_link(row.link)
    except ValueError as error:
        raise BadData(str(error)) from None
    for field, name in TIMES.items():
        if (at := getattr(row, field)) is not None and timezone.is_naive(at):
            raise BadData(f"{name!r} needs a time zone, as in 2026-01-31T12:00:00Z.")
    if row.expires_at is not None and row.expires_at <= max(row.begins_at, timezone.now()):
        raise BadData("It would have expired before it begins.")
    check_audience(row.audience)


def check_audience(key: str) -> Audience:
    """Raises BadData for a key of no audience."""
    try:
        audience = Audience(key)
        title_of(audience)
    except (ValueError, Absent):
        raise BadData(f"There is no audience {key!r}.") from None
    return audience
