from datetime import timedelta

from celery import shared_task
from django.utils import timezone

import hubbub
from tasks.models import Task


@shared_task
def announce_what_is_left():
    left = Task.objects.filter(done=False).count()
    expires = timezone.now() + timedelta(hours=8)
    hubbub.announce(hubbub.Audience.everyone(), f"Tasks that are left for today: {left}", expires=expires)
