"""Many-to-many fields of models that publish: they say what an item holds, and may say where it is seen."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save

from hubbub import published
from hubbub.testing import verify_action
from tests.publishing.board.models import Board, Doc, Label, Task
from tests.publishing.test_declared import reduce, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("board")]


@pytest.fixture
def seen() -> dict[str, Any]:
    return {"topic": "docs", "actor": get_user_model().objects.create_user("ada"), "apply": reduce}


@pytest.fixture
def public() -> Any:
    return Label.objects.create(name="public")


def test_a_label_says_where_it_is_seen(seen: dict[str, Any], public: Any) -> None:
    """DCL-1 DCL-2: from either side, who comes is created and who leaves is deleted."""
    doc, hidden = Doc.objects.create(), Doc.objects.create()
    for change in (
        lambda: doc.labels.add(public),
        lambda: doc.labels.remove(public),
        lambda: doc.labels.set([public]),
        lambda: doc.labels.clear(),
        lambda: public.doc_set.add(doc),
        lambda: public.doc_set.remove(doc),
        lambda: public.doc_set.set([doc]),
        lambda: public.doc_set.clear(),
    ):
        verify_action(change, **seen)
    assert told() == [("docs", "doc_created"), ("docs", "doc_deleted")] * 4
    verify_action(lambda: hidden.labels.add(Label.objects.create(name="secret")), changes=False, **seen)


def test_what_no_signal_says_is_told_on_request(seen: dict[str, Any], public: Any) -> None:
    """DCL-3: with a label its rows go from the table between, of which Django says nothing."""
    Doc.objects.create().labels.add(public)

    def delete() -> None:
        with published(Doc.objects.filter(labels=public.pk)):
            public.delete()

    verify_action(delete, **seen)


def test_a_change_within_a_change_is_told_by_itself(seen: dict[str, Any]) -> None:
    """DCL-2: what a receiver of the same save does hides not what was before it."""
    board: Any = Board.objects.create(name="Kitchen")
    label, task = Label.objects.create(name="urgent"), Task.objects.create(board=board)
    seen["topic"] = f"board.{board.pk}"

    def mark(instance: Any, **kwargs: Any) -> None:
        if not instance.labels.exists():
            instance.labels.add(label)
            instance.save()

    post_save.connect(mark, sender=Task)
    # As a project's own receivers may: before hubbub's.
    post_save.receivers.insert(0, post_save.receivers.pop())
    post_save.sender_receivers_cache.clear()
    try:
        verify_action(task.save, **seen)
    finally:
        post_save.disconnect(mark, sender=Task)
    assert {type for _, type in told()[1:]} == {"task_updated"}
