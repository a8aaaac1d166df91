"""What chat does when an account goes."""

from typing import Any

from django.db.models.signals import pre_delete

from hubbub.chat.actions import remove_deleted
from hubbub.django.auth import user_models
from hubbub.engine.actor import SYSTEM


def _before_delete(sender: type[Any], instance: Any, **kwargs: Any) -> None:
    remove_deleted(SYSTEM, instance.pk)


for _model in user_models():
    pre_delete.connect(_before_delete, sender=_model, dispatch_uid="hubbub.chat.before_delete")
