"""What is asked of the project's user model, and what is told when its rows change."""

import pytest
from django.contrib.auth.models import Group
from django.db.models import Q

from hubbub.django import auth


def test_a_model_whose_is_active_is_no_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is active there, and no query asks for a column that is not."""
    assert auth.active("user__") == Q(user__is_active=True)
    monkeypatch.setattr(auth, "get_user_model", lambda: Group)
    assert auth.active("user__") == Q()
