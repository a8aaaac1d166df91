"""What people have said before a picture is taken: the same in every run, at a time that stands still."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

NOW = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)
"""What the pages of pictures take for the present."""
PASSWORD = "a-long-enough-passphrase"
FIRST_NAMES = {"grace": "Grace", "edsger": "Edsger"}
"""Those that the viewers, who are all called Ada, talk with."""

Said = tuple[int, str, str]
"""How many minutes ago, by whom ("ada" is the viewer), and what."""

PLANT: list[Said] = [
    (61, "grace", "Morning. Is the pump on line 3 back?"),
    (58, "ada", "Since seven. It had lost its network for ten minutes."),
    (57, "ada", "Nothing is missing, it sent what it had."),
    (22, "edsger", "Good. Then I take it off the list."),
    (
        20,
        "grace",
        "I will watch it over lunch. If the pressure drops again below 2.4 bar I write here, with the curve.",
    ),
]
LONG_WORDS: list[Said] = [
    (1500, "edsger", "Die Donaudampfschifffahrtsgesellschaftskapitänsmütze liegt noch im Aufenthaltsraum."),
    (1499, "ada", "https://example.org/" + "a-path-without-any-place-to-break-" * 4),
    (300, "edsger", "Rechtsschutzversicherungsgesellschaften: siehe Anhang"),
    (299, "edsger", "שלום, זה עובד גם כאן"),
]
WORDS = " The valves are dry, the level is where it was, and the log has the rest, with the curve of the last hour."
NIGHT: list[Said] = [
    (900 - 7 * number, ("grace", "edsger", "edsger")[number % 3], f"Round {number} done." + WORDS * (number % 4 == 0))
    for number in range(1, 81)
]
# With how many of them unread; "" is a direct conversation.
TALKS: dict[str, tuple[tuple[str, ...], list[Said], int]] = {
    "Night shift": (("grace", "edsger"), NIGHT, 70),
    "Kraftfahrzeughaftpflichtversicherung": (("edsger",), LONG_WORDS, 1),
    "": (("grace",), [(75, "grace", "Lunch at one?"), (74, "ada", "Gladly.")], 0),
    "Nothing yet": (("grace", "edsger"), [], 0),
    "Plant": (("grace", "edsger"), PLANT, 0),
}

NOTIFIED = ("notifications", "notifications-unread")
ANNOUNCED_TO = ("banner",)
WORKING = ("jobs",)
"""Viewers for whom something has happened, to whom something is announced, and who have a job that runs."""


def make(viewers: Sequence[str], alone: Sequence[str], titles: Sequence[str]) -> None:
    """Print who is signed in by which cookie and has which conversation where; runs in a server's own shell."""
    from django.contrib.auth.models import User
    from django.db import transaction
    from django.test import Client

    from hubbub.chat import actions
    from hubbub.django.auth import actor_of_user
    from tests.browser import news

    cookies, paths, ids = {}, {}, {}
    with transaction.atomic():
        for name in ("grace", "edsger", *viewers):
            user = User(username=name, first_name=FIRST_NAMES.get(name, "Ada"), email=f"{name}@example.org")
            user.password = "!"
            user.save()
        actions.join_room(actor_of_user(User.objects.get(username="grace")), "general")
        actions.join_room(actor_of_user(User.objects.get(username="grace")), "lunch")
    for name in ("grace", *viewers):
        user = User.objects.get(username=name)
        client = Client()
        client.force_login(user)
        cookies[name] = client.cookies["sessionid"].value
        ids[name] = user.pk
        if name in viewers and name not in alone:
            with transaction.atomic():
                paths[name] = {title: _talk(name, title, *TALKS[title]) for title in titles}
            if name in NOTIFIED:
                news.notify(name)
            if name in ANNOUNCED_TO:
                news.announce(name)
            if name in WORKING:
                news.work(name)
    print("made", json.dumps({"cookies": cookies, "paths": paths, "ids": ids}))


def _talk(viewer: str, title: str, others: Sequence[str], said: Sequence[Said], unread: int) -> str:
    """One conversation of a viewer's; returns its path."""
    from django.contrib.auth.models import User

    from hubbub.chat import actions
    from hubbub.chat.models import Conversation, Message, Participant
    from hubbub.django.auth import actor_of_user

    users = {user.username: user for user in User.objects.filter(username__in=[viewer, *others])}
    made = actions.create_conversation(actor_of_user(users[viewer]), list(others), title).conversation
    times = [NOW - timedelta(minutes=minutes) for minutes, _, _ in said]
    Message.objects.bulk_create(
        Message(
            conversation_id=made.id,
            number=number,
            sender=users[viewer if by == "ada" else by],
            sender_name="",
            content=content,
            created_at=at,
        )
        for number, ((_, by, content), at) in enumerate(zip(said, times, strict=True), start=1)
    )
    active_at = times[-1] if times else NOW - timedelta(days=3)
    Conversation.objects.filter(pk=made.id).update(top_number=len(said), active_at=active_at)
    participants = Participant.objects.filter(conversation_id=made.id)
    participants.update(read_number=len(said))
    participants.filter(user=users[viewer]).update(read_number=len(said) - unread)
    return f"/c/{made.id}"
