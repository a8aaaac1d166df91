"""What chat does when an account goes."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import pre_delete

from hubbub.chat.actions import remove_deleted
from hubbub.engine.actor import SYSTEM


def _before_delete(sender: type[Any], instance: Any, **kwargs: Any) -> None:
    if isinstance(instance, get_user_model()):
        remove_deleted(SYSTEM, instance.pk)


pre_delete.connect(_before_delete, dispatch_uid="hubbub.chat.before_delete")
