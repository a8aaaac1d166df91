"""What has happened for a viewer before a picture of notifications is taken, and what is announced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.browser.world import NOW

NEWS: list[tuple[int, bool, dict[str, Any]]] = [
    (2960, True, {"title": "Welcome to the plant's chat", "body": "Say hello in Lobby."}),
    (1500, True, {"title": "The weekly export is ready", "level": "success", "body": "4,120 rows.", "link": "/c/1"}),
    (95, False, {"title": "Disk of line 3 is 91 % full", "level": "warning"}),
    (40, True, {"title": "Edsger added you to Night shift", "actor": "edsger", "link": "/c/1"}),
    (12, False, {"title": "Grace assigned you Check the pump", "actor": "grace", "link": "/c/1", "body": "By noon."}),
    (
        3,
        False,
        {"title": "The press has stopped", "level": "danger", "body": "Pressure below 2.4 bar.", "link": "/c/1"},
    ),
]
"""How many minutes ago, whether it was read, and what."""


def notify(viewer: str) -> None:
    from django.contrib.auth.models import User

    import hubbub
    from hubbub.django.auth import actor_of_user
    from hubbub.notifications import actions
    from hubbub.notifications.models import Notification

    user = User.objects.get(username=viewer)
    for minutes, read, said in NEWS:
        actor = User.objects.get(username=said["actor"]) if "actor" in said else None
        hubbub.notify(user, **{**said, "actor": actor})
        row = Notification.objects.filter(user=user).latest("number")
        if read:
            actions.mark(actor_of_user(user), [row.pk], read=True)
        Notification.objects.filter(pk=row.pk).update(created_at=NOW - timedelta(minutes=minutes))


def announce(viewer: str) -> None:
    """To a group of one, so that no other viewer hears of it."""
    from django.contrib.auth.models import Group, User
    from django.utils import timezone

    import hubbub
    from hubbub.announcements.models import Announcement

    group = Group.objects.create(name="Line 3")
    group.user_set.add(User.objects.get(username=viewer))
    audience = hubbub.Audience.group(group)
    hubbub.announce(audience, "The canteen is closed on Friday", level="info")
    # By the server's clock, which goes on while a picture is taken.
    to = timezone.now() + timedelta(days=3, hours=-2)
    body = "Finish what you write before then."
    hubbub.announce(audience, "Maintenance", body=body, level="warning", counts_to=to, acknowledge=True)
    Announcement.objects.filter(audience=audience.key).update(begins_at=NOW - timedelta(minutes=30))


def work(viewer: str) -> None:
    """A job that runs for as long as the pictures take."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from hubbub.progress.models import Job

    alive = timezone.now() + timedelta(hours=2)
    user = User.objects.get(username=viewer)
    message = "1,648 of 4,120 rows"
    Job.objects.create(
        user=user, title="Reading the curves of line 3", fraction=0.4, message=message, started_at=alive, alive_at=alive
    )
