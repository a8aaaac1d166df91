"""Models that publish by declaration: what is told equals what is there."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from hubbub import arevoke, published, publishes, revoke
from hubbub.django.auth import actor_of_user
from hubbub.django.declaring import _declared, register_declared
from hubbub.django.models import Event
from hubbub.protocol.registry import Registry, registry
from hubbub.protocol.typescript import typescript
from hubbub.testing import verify_action
from hubbub.testing.sync import SyncConnection, SyncEngine
from tests.publishing.board.models import Board, Chore, Label, Note, Task, Visit, may_see

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("board")]


def reduce(state: Any, topic: str, type: str, data: dict[str, Any]) -> Any:
    """The whole reducer of a client: it is the same for every model."""
    id = data["id"] if type.endswith("_deleted") else data["item"]["id"]
    items = {each["id"]: each for each in state["items"]}
    if type.endswith("_deleted"):
        del items[id]
    else:
        assert (id in items) == type.endswith("_updated")
        items[id] = data["item"]
    return {"items": sorted(items.values(), key=lambda item: item["id"])}


@pytest.fixture
def ada() -> Any:
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def boards() -> tuple[Board, Board]:
    return Board.objects.create(name="Kitchen"), Board.objects.create(name="Garden")


def told(since: int = 0) -> list[tuple[str, str]]:
    """Topic and type of the events of the board's app, in their order."""
    rows = Event.objects.filter(pk__gt=since, type__startswith="board.").order_by("pk")
    return [(row.stream.topic, row.type.removeprefix("board.")) for row in rows.select_related("stream")]


def test_what_is_told_equals_what_is_there(ada: Any, boards: tuple[Board, Board]) -> None:
    """DCL-1: by every way that sends signals."""
    kitchen, garden = boards
    seen: dict[str, Any] = {"topic": f"board.{kitchen.pk}", "actor": ada, "apply": reduce}
    task = verify_action(lambda: Task.objects.create(board=kitchen, title="Soap"), **seen)
    other = verify_action(lambda: Task.objects.get_or_create(board=kitchen, title="Salt")[0], **seen)

    def change() -> None:
        task.title, task.due = "Soft soap", timezone.now()
        task.save()

    verify_action(change, **seen)
    verify_action(lambda: Task.objects.update_or_create(pk=task.pk, defaults={"done": True}), **seen)
    label: Any = Label.objects.create(name="urgent")
    verify_action(lambda: task.labels.add(label), **seen)
    verify_action(lambda: label.task_set.add(other), **seen)
    verify_action(lambda: task.labels.clear(), **seen)
    verify_action(lambda: label.task_set.clear(), **seen)
    verify_action(lambda: task.labels.set([label]), **seen)
    verify_action(lambda: task.delete(), **seen)
    verify_action(lambda: Task.objects.filter(board=kitchen).delete(), **seen)
    verify_action(lambda: Task.objects.create(board=garden, title="Rake"), changes=False, **seen)


def test_a_proxy_tells_as_its_model_does(ada: Any, boards: tuple[Board, Board]) -> None:
    """DCL-1: it is the same row."""
    seen: dict[str, Any] = {"topic": f"board.{boards[0].pk}", "actor": ada, "apply": reduce}
    chore: Any = verify_action(lambda: Chore.objects.create(board=boards[0], title="Soap"), **seen)
    chore.title = "Salt"
    verify_action(chore.save, **seen)
    verify_action(lambda: chore.labels.add(Label.objects.create(name="urgent")), **seen)
    verify_action(chore.delete, **seen)
    Chore.objects.create(board=boards[0], title="Soap")
    verify_action(lambda: Chore.objects.all().delete(), **seen)
    assert told() == [
        (f"board.{boards[0].pk}", f"task_{what}")
        for what in ("created", "updated", "updated", "deleted", "created", "deleted")
    ]


def test_it_tells_what_the_database_says(ada: Any, boards: tuple[Board, Board]) -> None:
    """DCL-1: not what the instance at hand holds: an expression, a field that isn't saved."""
    task = Task.objects.create(board=boards[0], title="Soap")
    seen: dict[str, Any] = {"topic": f"board.{boards[0].pk}", "actor": ada, "apply": reduce}

    def expression() -> None:
        task.title = Concat("title", Value("!"))
        task.save()

    def one_field() -> None:
        again = Task.objects.get(pk=task.pk)
        again.title, again.done = "never saved", True
        again.save(update_fields=["done"])

    verify_action(expression, **seen)
    verify_action(one_field, **seen)


def test_who_moves_leaves_one_topic_and_comes_to_another(boards: tuple[Board, Board]) -> None:
    """DCL-2: by what the database says, whatever the instance was loaded with."""
    kitchen, garden = boards
    task = Task.objects.create(title="Soap")
    assert told() == []
    task.board = kitchen
    task.save()
    stale = Task(pk=task.pk, title="Soap", board=garden)
    stale.save()
    stale.board = None
    stale.save()
    assert told() == [
        (f"board.{kitchen.pk}", "task_created"),
        (f"board.{kitchen.pk}", "task_deleted"),
        (f"board.{garden.pk}", "task_created"),
        (f"board.{garden.pk}", "task_deleted"),
    ]


def test_what_a_manager_hides_is_gone(ada: Any) -> None:
    """DCL-2: a note that is thrown away, and brought back."""
    seen: dict[str, Any] = {"topic": "notes", "actor": ada, "apply": reduce}
    note = verify_action(lambda: Note.objects.create(text="a"), **seen)

    def throw(gone: bool) -> None:
        note.gone = gone
        note.save()

    verify_action(lambda: throw(True), **seen)
    verify_action(lambda: throw(False), **seen)
    assert [type for _, type in told()] == ["note_created", "note_deleted", "note_created"]


def test_by_a_function_and_a_serializer(ada: Any) -> None:
    """DCL-1 DCL-2: the rows of a topic say what is seen."""

    def newest_first(state: Any, *event: Any) -> Any:
        return {"items": reduce(state, *event)["items"][::-1]}

    seen: dict[str, Any] = {"topic": "day.monday", "actor": ada, "apply": newest_first}
    visit = verify_action(lambda: Visit.objects.create(day="monday", cost="7.50"), **seen)
    verify_action(lambda: Visit.objects.create(day="monday", cost="8"), **seen)
    verify_action(lambda: Visit.objects.create(day="monday", cost="9", hidden=True), changes=False, **seen)

    def move(**fields: Any) -> None:
        for name, value in fields.items():
            setattr(visit, name, value)
        visit.save()

    verify_action(lambda: move(cost="9.99"), **seen)
    verify_action(lambda: move(day="tuesday"), **seen)
    verify_action(lambda: move(day="monday"), **seen)
    verify_action(lambda: move(hidden=True), **seen)


def test_rolled_back_is_never_told(boards: tuple[Board, Board]) -> None:
    """DCL-1 EVT-3"""
    with transaction.atomic():
        Task.objects.create(board=boards[0], title="Soap").delete()
        transaction.set_rollback(True)
    assert told() == []


def test_bulk_operations_are_told_on_request(ada: Any, boards: tuple[Board, Board]) -> None:
    """DCL-3: Django sends no signal for them, and nothing is told of what did not change."""
    kitchen, garden = boards
    seen: dict[str, Any] = {"topic": f"board.{kitchen.pk}", "actor": ada, "apply": reduce}
    Task.objects.bulk_create([Task(board=kitchen, title=title) for title in ("a", "b", "c")])
    assert told() == []

    def in_bulk() -> None:
        with published(Task.objects.filter(board__in=boards)) as tasks:
            tasks.filter(title="a").update(done=True)
            tasks.filter(title="b").update(board=garden)
            Task.objects.bulk_create([Task(board=kitchen, title="d")])

    verify_action(in_bulk, **seen)
    assert sorted(told()) == sorted(
        [
            (f"board.{kitchen.pk}", "task_updated"),
            (f"board.{kitchen.pk}", "task_deleted"),
            (f"board.{garden.pk}", "task_created"),
            (f"board.{kitchen.pk}", "task_created"),
        ]
    )
    with pytest.raises(LookupError, match="does not publish"), published(Board.objects.all()):
        pass


def test_followed_over_the_socket(hubbub_sync: SyncEngine, ada: Any, boards: tuple[Board, Board]) -> None:
    """DCL-4"""
    topic = f"board.{boards[0].pk}"
    page: SyncConnection = hubbub_sync.connect(ada)
    assert page.subscribe(topic, snapshot=True)["snapshot"] == {"items": []}
    task = Task.objects.create(board=boards[0], title="Soap")
    assert page.event("board.task_created", topic)["data"]["item"] == {
        "id": task.pk, "title": "Soap", "done": False, "due": None, "board": boards[0].pk, "labels": [],
        "place": "Kitchen",
    }  # fmt: skip
    mallory, _ = hubbub_sync.pair("mallory")
    assert mallory.error("subscribe", topic) == "forbidden"
    for impossible in ("board.x", f"board.0{boards[0].pk}", "board", "notes.1", "notes."):
        assert page.error("subscribe", impossible) == "forbidden", impossible


def test_who_was_removed_sees_no_more(hubbub_sync: SyncEngine, ada: Any, boards: tuple[Board, Board]) -> None:
    """DCL-4 SUB-4: by the transaction that removes, not by one that is rolled back; other topics go on."""
    kitchen, garden = (f"board.{each.pk}" for each in boards)
    page: SyncConnection = hubbub_sync.connect(ada)

    def ended(times: int) -> list[dict[str, Any]]:
        found = [frame for frame in page.frames if frame["type"] == "unsubscribed"]
        return found if len(found) == times else []

    for topic in (kitchen, garden):
        page.subscribe(topic)
    with transaction.atomic():
        revoke(ada, garden)
        transaction.set_rollback(True)
    revoke(ada.pk, kitchen, reason="left")
    (said,) = page.wait_for(lambda: ended(1))
    assert (said["topic"], said["data"]) == (kitchen, {"reason": "left"})
    Task.objects.create(board=boards[0], title="Soap")
    Task.objects.create(board=boards[1], title="Rake")
    page.event("board.task_created", garden)
    assert page.events(kitchen) == []
    page.subscribe(kitchen)  # It is may_see that says who may.
    async_to_sync(arevoke)(ada, kitchen)
    assert page.wait_for(lambda: ended(2))[1]["topic"] == kitchen


def test_a_snapshot_has_the_newest(ada: Any, boards: tuple[Board, Board], monkeypatch: pytest.MonkeyPatch) -> None:
    """DCL-1: and in an order of its own the first."""
    for each in (Task, Visit):
        monkeypatch.setattr(_declared[each], "_limit", 2)
    for name in "abc":
        Task.objects.create(board=boards[0], title=name)
        Visit.objects.create(day="monday", cost=1)
    snapshot: Any = registry.topics["board"].snapshot
    assert [item.title for item in snapshot(actor_of_user(ada), f"board.{boards[0].pk}").items] == ["b", "c"]
    snapshot = registry.topics["day"].snapshot
    newest = Visit.objects.order_by("-pk").values_list("pk", flat=True)[:2]
    assert [item["id"] for item in snapshot(actor_of_user(ada), "day.monday").items] == list(newest)


def test_what_is_read_of_others_is_read_with_it(
    ada: Any, boards: tuple[Board, Board], django_assert_num_queries: Any
) -> None:
    """DCL-1: three tasks are as many queries as one: they with their board, and the labels of all."""
    snapshot: Any = registry.topics["board"].snapshot
    for _ in range(3):
        Task.objects.create(board=boards[0], title="Soap")
    with django_assert_num_queries(2):
        assert [item.place for item in snapshot(actor_of_user(ada), f"board.{boards[0].pk}").items] == ["Kitchen"] * 3
    keys = list(Task.objects.values_list("pk", flat=True))
    with transaction.atomic(), django_assert_num_queries(2 + connection.features.has_select_for_update):
        assert len(_declared[Task].seen(keys, "default")) == 3


def test_types_are_generated() -> None:
    """DCL-4: of fields with their types, of a function what it says."""
    # Only the board's: other tests of this process register events of their own, some of one name.
    events = {name: each for name, each in registry.events.items() if name.startswith("board.")}
    text = typescript(Registry(events=events))
    assert '"board.task_created": TaskCreated;' in text
    (task,) = [part for part in text.split("export interface ") if part.startswith("Task {")]
    for line in ("id: number;", "title: string;", "due: string | null;", "board: number | null;", "labels: number[];"):
        assert line in task
    assert registry.events["board.task_deleted"].kind == "board"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"topic": "x", "may_see": may_see}, "either fields= or serializer="),
        ({"topic": lambda each: "x.1", "fields": ["name"]}, "say kind= and rows="),
        ({"topic": "x.y.{name}", "fields": ["name"]}, "kind.{field}"),
        ({"topic": "board.{name}", "fields": ["name"], "may_see": may_see}, "somebody else's"),
    ],
)
def test_what_does_not_fit_is_said(options: dict[str, Any], said: str) -> None:
    publishes(**options)(Board)
    with pytest.raises(ImproperlyConfigured, match=said):
        register_declared()
