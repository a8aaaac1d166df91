"""What an announcement may say."""

from django.utils import timezone

from hubbub.announcements.models import Announcement
from hubbub.django.audiences import Audience, title_of
from hubbub.protocol.errors import Absent, BadData

CONTENTS = ("title", "body", "level", "link", "banner", "acknowledge", "counts_to", "expires_at")
"""The fields that say what it is, and can be changed."""
MAX_BODY = 10_000
TIMES = ("begins_at", "counts_to", "expires_at")


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
    if row.link and not _is_link(row.link):
        raise BadData("A link is an http or https address, or a path of this site that begins with '/'.")
    for name in TIMES:
        if (at := getattr(row, name)) is not None and timezone.is_naive(at):
            raise BadData(f"{name} needs a time zone.")
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


def _is_link(link: str) -> bool:
    # Nothing that a browser would run, or read as another site's: `//elsewhere`, and `/\\elsewhere` is the same.
    local = link.startswith("/") and not link.startswith(("//", "/\\"))
    legal = len(link) <= 500 and not any(each <= " " for each in link)
    return legal and (local or link.startswith(("https://", "http://")))
