"""What has a time of its own is done then, by whoever does background work, once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

import hubbub
from hubbub import Audience
from hubbub.announcements.models import Announcement
from hubbub.audiences import actions
from hubbub.audiences.models import TemporaryGroup
from hubbub.django.background import Background
from hubbub.django.models import Event, RecurringJob
from hubbub.engine.actor import SYSTEM
from tests.waiting import wait_until


@pytest.mark.django_db(transaction=True)
def test_within_a_second() -> None:
    """ANN-3 AUD-4: by two processes that would look again in a minute, had nothing asked for it."""
    User.objects.create(username="ann")
    later = timezone.now() + timedelta(seconds=60)
    RecurringJob.objects.bulk_create(
        RecurringJob(name=name, due=later) for name in ("scheduled announcements", "expired groups")
    )
    both = [Background(), Background()]
    for each in both:
        each.start()
    try:
        at = timezone.now() + timedelta(seconds=1.5)
        hubbub.announce(Audience.everyone(), "Now", at=at)
        actions.create_group(SYSTEM, "Party", [], at)
        wait_until(lambda: Announcement.objects.filter(number__isnull=False).exists(), "it has begun")
        wait_until(lambda: not TemporaryGroup.objects.exists(), "the group has ended")
    finally:
        for each in both:
            each.stop()
        for each in both:
            each.end(10)
    begun = Event.objects.get(type="announcements.announced").created_at
    late = (begun - at).total_seconds()
    assert 0 <= late < 2
    print({"after its time, ms": round(1000 * late)})
    connection.close()
