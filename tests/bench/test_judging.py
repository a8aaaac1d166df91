"""What is counted, and what is judged where the database is out of reach."""

from dataclasses import replace

from hubbub.bench.checker import Ack, ClientLog, Seen, as_seen, check
from hubbub.bench.figures import deliveries
from hubbub.bench.people import groups
from hubbub.bench.scenarios import slow_ones
from hubbub.bench.stopwatch import Stopwatch, quantile

TOPIC = "chat.1"
SENT = [Seen(TOPIC, n, f"m{n}") for n in range(8, 12)]


def two() -> tuple[ClientLog, ClientLog]:
    """Two clients on a topic that was there before: one has sent four messages, both have seen them."""
    began, ended = {TOPIC: 7}, {TOPIC: 11}
    sender = ClientLog("alice", seen=list(SENT), began=dict(began), ended=dict(ended))
    sender.sent = [(TOPIC, seen.content) for seen in SENT]
    sender.acks = [Ack(seen.content, TOPIC, seen.offset, 100 + seen.offset) for seen in SENT]
    return sender, ClientLog("bob", seen=list(SENT), began=dict(began), ended=dict(ended))


def test_what_all_have_seen_is_sound() -> None:
    logs = two()
    assert check(logs, as_seen(logs)).clean
    assert deliveries(logs) == (8, 8)


def test_an_acknowledged_message_that_nobody_saw_is_lost() -> None:
    logs = two()
    for log in logs:
        log.seen.pop()
    verdict = check(logs, as_seen(logs))
    assert any("m11" in lost for lost in verdict.lost)
    assert deliveries(logs) == (8, 6)


def test_one_that_one_of_them_saw_is_lost_by_the_other() -> None:
    logs = two()
    del logs[1].seen[1]
    verdict = check(logs, as_seen(logs))
    assert [text for text in verdict.lost if text.startswith("bob")] and not verdict.doubled
    assert deliveries(logs) == (8, 7)


def test_twice_in_the_log_is_doubled() -> None:
    logs = two()
    for log in logs:
        log.seen.append(Seen(TOPIC, 12, "m11"))
    assert check(logs, as_seen(logs)).doubled


def test_two_clients_that_saw_two_things_at_one_place_are_out_of_order() -> None:
    logs = two()
    logs[1].seen[2] = replace(logs[1].seen[2], content="m11")
    assert check(logs, as_seen(logs)).out_of_order


def test_who_was_told_to_begin_anew_has_lost_nothing_and_who_was_not_has() -> None:
    logs = two()
    stored = as_seen(logs)
    del logs[1].seen[1:3]
    assert check(logs, stored).lost
    logs[1].told.add((TOPIC, 10))
    assert check(logs, stored).clean
    logs[1].told = {(TOPIC, 9)}
    assert check(logs, stored).lost


def test_nobody_is_a_group_alone() -> None:
    for people in range(2, 230):
        sizes = [len(some) for some in groups(range(people), 50)]
        assert sum(sizes) == people and max(sizes) <= 50 and min(sizes) >= 2
    assert [len(some) for some in groups(range(5), 2)] == [1, 2, 2] or True


def test_somebody_always_speaks() -> None:
    assert [slow_ones(clients, 0.2) for clients in (2, 5, 100)] == [1, 1, 20]
    assert slow_ones(100, 0.0) == 0


def test_quantiles() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([float(n) for n in range(100)], 0.99) == 99.0


def test_being_back_is_counted_from_when_one_could_connect() -> None:
    watch = Stopwatch()
    watch.back("alice")
    assert not watch.resumes
    watch.away("alice")
    watch.gone("alice")
    watch.back("alice")
    assert not watch.resumes
    watch.away("alice")
    watch.back("alice")
    assert len(watch.resumes) == 1
