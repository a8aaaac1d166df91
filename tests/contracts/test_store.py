"""The contract of the port ``StreamStore``."""

import threading
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import pytest
from django.db import connections, transaction

from hubbub.django.models import Stream
from hubbub.django.streams import DjangoStreamStore, position_of
from hubbub.protocol.frames import Event
from hubbub.protocol.registry import event
from hubbub.testing import MemoryStore
from tests.contracts.databases import ALIAS, Database

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@event("contract.counted")
class Counted(msgspec.Struct):
    """Something was counted, for the contracts."""

    n: int


class StoreContract:
    """What every implementation does. ``append`` and ``prune`` are not part of the port: the suite brings them."""

    def append(self, store: Any, topic: str, n: int) -> Event:
        raise NotImplementedError

    def begin_epoch(self, store: Any) -> None:
        store.begin_epoch()

    def test_offsets_count_from_one_in_each_topic(self, store: Any) -> None:
        """EVT-1: an offset is one higher than the one before it in the same topic."""
        offsets = [self.append(store, topic, 1).offset for topic in ("a", "b", "a", "a", "b")]
        assert offsets == [1, 1, 2, 3, 2]

    def test_read_returns_what_was_appended(self, store: Any) -> None:
        """EVT-2: what was read once is read again, the same, in order."""
        for n in range(5):
            self.append(store, "a", n)
        first = [(e.offset, e.type, e.payload(), e.created_at.utcoffset()) for e in store.read("a", 0, 100)]
        again = [(e.offset, e.type, e.payload(), e.created_at.utcoffset()) for e in store.read("a", 0, 100)]
        assert first == again
        assert [offset for offset, *_ in first] == [1, 2, 3, 4, 5]
        assert [data for _, _, data, _ in first] == [{"n": n} for n in range(5)]
        assert {type for _, type, _, _ in first} == {"contract.counted"}
        assert all(utc is not None for *_, utc in first), "times carry their zone"

    def test_read_keeps_to_its_limits(self, store: Any) -> None:
        """SUB-2: the events after a position, up to a limit."""
        for n in range(5):
            self.append(store, "a", n)
        assert [e.offset for e in store.read("a", 2, 2)] == [3, 4]
        assert [e.offset for e in store.read("a", 4, 100)] == [5]
        assert store.read("a", 5, 100) == []
        assert store.read("nobody", 0, 100) == []

    def test_many_ranges_at_once(self, store: Any) -> None:
        """CHT-6: of each topic what is asked for, in order, whatever the others are asked."""
        for n in range(5):
            for topic in ("a", "b", "c"):
                self.append(store, topic, n)
        found = store.read_ranges({"b": (0, 2), "a": (3, 5), "c": (5, 9), "nobody": (0, 9)})
        assert {topic: [e.offset for e in events] for topic, events in found.items() if events} == {
            "a": [4, 5],
            "b": [1, 2],
        }
        alone = store.read("a", 3, 2)
        assert [(e.topic, e.epoch, e.raw, e.created_at) for e in found["a"]] == [
            (e.topic, e.epoch, e.raw, e.created_at) for e in alone
        ]

    def test_a_topic_without_events_has_a_state_all_the_same(self, store: Any) -> None:
        """SUB-1: a subscription to a new topic has a position."""
        self.append(store, "a", 1)
        states = store.states(["a", "new"])
        assert (states["a"].first, states["a"].top) == (1, 1)
        assert (states["new"].first, states["new"].top) == (1, 0)
        assert states["new"].epoch
        assert self.append(store, "new", 1).epoch == states["new"].epoch
        assert store.states([]) == {}

    def test_a_new_epoch_is_everybody_s(self, store: Any) -> None:
        """SUB-2: after a restored backup every position is of another epoch; offsets go on."""
        self.append(store, "a", 1)
        before = store.states(["a", "new"])
        self.begin_epoch(store)
        after = store.states(["a", "new"])
        assert before["a"].epoch != after["a"].epoch == after["new"].epoch
        assert after["a"].top == 1
        assert self.append(store, "a", 2).offset == 2
        assert {e.epoch for e in store.read("a", 0, 10)} == {after["a"].epoch}
        assert self.append(store, "new", 1).epoch == after["a"].epoch

    def test_pruning_moves_the_first_and_never_the_top(self, store: Any) -> None:
        """SUB-2: what is pruned is too old; numbers are never used again."""
        for n in range(5):
            self.append(store, "a", n)
        store.prune("a", 4)
        assert (store.states(["a"])["a"].first, store.states(["a"])["a"].top) == (4, 5)
        assert [e.offset for e in store.read("a", 0, 100)] == [4, 5]
        store.prune("a", 6)
        assert (store.states(["a"])["a"].first, store.states(["a"])["a"].top) == (6, 5)
        assert self.append(store, "a", 6).offset == 6
        assert [e.offset for e in store.read("a", 0, 100)] == [6]


class TestMemoryStore(StoreContract):
    """The fake of the test kit."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    def append(self, store: Any, topic: str, n: int) -> Event:
        event: Event = store.append(topic, Counted(n))
        return event

    def begin_epoch(self, store: Any) -> None:
        store.begin_epoch("e2")


class TestDjangoStore(StoreContract):
    """The real one, on both databases."""

    @pytest.fixture
    def store(self, database: Database) -> DjangoStreamStore:
        return DjangoStreamStore(ALIAS)

    def append(self, store: Any, topic: str, n: int) -> Event:
        with transaction.atomic(using=ALIAS):
            event: Event = store.append(topic, "contract.counted", b'{"n":%d}' % n, "user.1", NOW)
        return event

    def test_everything_comes_back_as_it_was(self, store: DjangoStreamStore) -> None:
        """EVT-2: data byte for byte, author and time to the microsecond."""
        data = '{"text":"naïve ☃ \\u0000 \\"","n":1e400}'.encode()
        with transaction.atomic():
            store.append("a", "contract.counted", data, "user.7", NOW)
        (read,) = store.read("a", 0, 10)
        assert (read.raw, read.author, read.created_at) == (data, "user.7", NOW)

    def test_many_at_once(self, store: DjangoStreamStore, django_assert_num_queries) -> None:
        """EVT-1: several events of several topics, taken by two queries, in order within each."""
        self.append(store, "b", 0)
        topics = ("b", "control", "c", "b", "a", "control")
        with transaction.atomic(), django_assert_num_queries(2, connection=connections[ALIAS]):
            made = store.append_all(
                [(topic, "contract.counted", b'{"n":%d}' % n, "", NOW) for n, topic in enumerate(topics)]
            )
        assert [(e.topic, e.offset) for e in made] == list(zip(topics, (2, 1, 1, 3, 1, 2), strict=True))
        assert [e.payload()["n"] for e in store.read("b", 0, 10)] == [0, 0, 3]
        assert [e.payload()["n"] for e in store.read("control", 0, 10)] == [1, 5]
        epoch = store.states(["new"])["new"].epoch
        assert {e.epoch for e in made} == {epoch}
        # Locked by name, and what everybody's transactions share last: no deadlocks.
        new = Stream.objects.exclude(topic__in=["", "b"]).order_by("pk").values_list("topic", flat=True)
        assert list(new) == ["a", "c", "control"]
        assert store.append_all([]) == []

    def test_what_is_rolled_back_never_was_and_its_offset_is_taken_again(
        self, store: DjangoStreamStore, database: Database
    ) -> None:
        """EVT-3, EVT-1: no event of a rolled back transaction, and no gap where it would have been."""
        self.append(store, "a", 1)
        with transaction.atomic():
            assert store.append("a", "contract.counted", b'{"n":2}', "", NOW).offset == 2
            assert store.append("new", "contract.counted", b'{"n":2}', "", NOW).offset == 1
            transaction.set_rollback(True)
        assert database.elsewhere(lambda: [e.offset for e in store.read("a", 0, 10)]) == [1]
        assert not Stream.objects.filter(topic="new").exists()
        assert self.append(store, "a", 3).offset == 2
        assert [e.payload()["n"] for e in store.read("a", 0, 10)] == [1, 3]

    def test_a_savepoint_s_offset_is_taken_again_too(self, store: DjangoStreamStore) -> None:
        """EVT-1: also inside one transaction, as in a batch of the writer."""
        with transaction.atomic():
            store.append("a", "contract.counted", b'{"n":1}', "", NOW)
            with transaction.atomic():
                store.append("a", "contract.counted", b'{"n":2}', "", NOW)
                transaction.set_rollback(True)
            store.append("a", "contract.counted", b'{"n":3}', "", NOW)
        assert [(e.offset, e.payload()["n"]) for e in store.read("a", 0, 10)] == [(1, 1), (2, 3)]

    def test_offsets_of_concurrent_writers_have_no_gaps_and_commit_in_order(
        self, store: DjangoStreamStore, database: Database
    ) -> None:
        """EVT-1, EVT-2: a reader that has seen an offset has seen all below it, at every moment."""
        writers, each, topics = 6, 25, ("a", "b")
        seen: list[list[int]] = []
        stop = threading.Event()

        def write(number: int) -> None:
            for n in range(each):
                topic = topics[(number + n) % 2]
                with transaction.atomic():
                    store.append(topic, "contract.counted", b'{"n":%d}' % n, f"w{number}", NOW)
                    if n % 5 == 4:  # Some give up.
                        transaction.set_rollback(True)

        def watch() -> None:
            while not stop.is_set():
                seen.extend([e.offset or 0 for e in store.read(topic, 0, 1000)] for topic in topics)

        watcher = database.begin(watch)
        for done in [database.begin(partial(write, number)) for number in range(writers)]:
            done.result(60)
        stop.set()
        watcher.result(10)
        assert len(seen) > 2
        assert all(offsets == list(range(1, len(offsets) + 1)) for offsets in seen)
        total = sum(store.states(list(topics))[topic].top for topic in topics)
        assert total == sum(len(store.read(topic, 0, 1000)) for topic in topics) == writers * each * 4 // 5
        for topic in topics:
            for number in range(writers):
                mine = [e.payload()["n"] for e in store.read(topic, 0, 1000) if e.author == f"w{number}"]
                assert mine == sorted(mine)

    def test_a_position_is_that_of_the_transaction(self, store: DjangoStreamStore) -> None:
        """SUB-1: a position read beside the state counts what the transaction itself has added."""
        with transaction.atomic():
            store.append("a", "contract.counted", b"{}", "", NOW)
            assert position_of("a").offset == 1
        assert position_of("new").offset == 0

    def test_pruning_counts_and_forgives(self, store: DjangoStreamStore) -> None:
        """SUB-2: pruning twice, past the end, or nothing, does no harm."""
        for n in range(3):
            self.append(store, "a", n)
        assert [store.prune("a", 3), store.prune("a", 2), store.prune("nobody", 5)] == [2, 0, 0]
        assert store.prune("a", 100) == 1
        state = store.states(["a"])["a"]
        assert (state.first, state.top) == (4, 3)

    def test_what_changes_in_the_log_is_told(self, store: DjangoStreamStore) -> None:
        """CHT-11, SUB-2: every process forgets what was pruned or rewritten; a new epoch is heard of at once."""

        def told() -> list[Any]:
            return [each.payload()["offsets"] for each in store.read("control", 0, 100)]

        for n in range(4):
            self.append(store, "a", n)
            self.append(store, "b", n)
        store.prune("a", 3)
        assert told() == [{"a": 2}]
        store.prune("a", 3)
        store.prune("control", 1)
        assert store.rewrite(["a", "b"], ["contract.counted"], '"n":2', lambda data: {"n": -1}) == 2
        assert [each.payload()["n"] for each in store.read("b", 0, 9)] == [0, 1, -1, 3]
        assert store.rewrite(["a", "b"], ["contract.counted"], '"n":99', lambda data: data) == 0
        assert told() == [{"a": 2}, {"a": 3, "b": 3}]
        assert store.prune_all({"a": 4, "b": 2, "nobody": 9}) == 2
        assert told()[2:] == [{"a": 3, "b": 1}]
        epoch = store.begin_epoch()
        assert told()[3:] == [{}] and store.states(["control"])["control"].epoch == epoch

    def test_many_ranges_are_one_query(self, store: DjangoStreamStore, django_assert_num_queries) -> None:
        """CHT-6: an inbox of hundreds reads what all its topics missed at once."""
        with transaction.atomic():
            store.append_all([(f"t{n}", "contract.counted", b'{"n":1}', "", NOW) for n in range(400)])
        with django_assert_num_queries(1, connection=connections[ALIAS]):
            assert len(store.read_ranges({f"t{n}": (0, 1) for n in range(400)})) == 400

    def test_one_query_for_many_states(self, store: DjangoStreamStore, django_assert_num_queries) -> None:
        """CHT-6: an inbox reads the positions of all its topics at once."""
        with django_assert_num_queries(1, connection=connections[ALIAS]):
            assert len(store.states([f"t{n}" for n in range(50)])) == 50
