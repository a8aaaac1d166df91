"""What is asked of the project's user model, and what is told when its rows change."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import Q
from django.db.models.signals import pre_delete

from hubbub.django import auth
from hubbub.django.models import Event


def test_a_model_whose_is_active_is_no_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is active there, and no query asks for a column that is not."""
    assert auth.active("user__") == Q(user__is_active=True)
    monkeypatch.setattr(auth, "get_user_model", lambda: Group)
    assert auth.active("user__") == Q()


def test_other_models_are_deleted_by_one_statement() -> None:
    """Nobody hears of what a project deletes of its own."""
    assert {model for model in apps.get_models() if pre_delete.has_listeners(model)} == {*auth.user_models(), Group}


def test_what_was_not_written_says_nothing(django_user_model: Any, db: None) -> None:
    """AUD-3: an ``is_active`` that is not among the fields that are saved ends no membership."""
    ann = django_user_model.objects.create(username="ann")
    before = Event.objects.count()
    ann.is_active = False
    ann.is_staff = True
    ann.save(update_fields=["is_staff"])
    told = Event.objects.order_by("id").values_list("data", flat=True)[before:]
    assert told and not any("deactivated" in data for data in told)
