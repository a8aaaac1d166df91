"""The checker finds what it is for, and forgives what it must."""

from dataclasses import replace

import pytest

from tests.durability.checker import Ack, ClientLog, Seen, Stored, check

TOPIC = "chat.1"


def run(count: int = 4) -> tuple[ClientLog, Stored]:
    """A client that sent and saw ``count`` messages, and a database that agrees."""
    names = [f"m{n}" for n in range(1, count + 1)]
    seen = [Seen(TOPIC, n, name) for n, name in enumerate(names, 1)]
    log = ClientLog(
        "alice",
        sent=[(TOPIC, name) for name in names],
        acks=[Ack(name, TOPIC, n, 100 + n) for n, name in enumerate(names, 1)],
        seen=list(seen),
        began={TOPIC: 0},
        ended={TOPIC: count},
    )
    return log, Stored(list(seen), [(TOPIC, n, 100 + n, name) for n, name in enumerate(names, 1)])


def without(stored: Stored, name: str) -> Stored:
    """The database as if a message, the last one, had never been."""
    return Stored(
        [seen for seen in stored.events if seen.content != name],
        [row for row in stored.messages if row[3] != name],
    )


def counts(log: ClientLog, stored: Stored) -> tuple[bool, bool, bool]:
    verdict = check([log], stored)
    found = (verdict.lost, verdict.doubled, verdict.out_of_order)
    assert verdict.clean == (not any(found))
    lost, doubled, out_of_order = (bool(kind) for kind in found)
    return lost, doubled, out_of_order


def test_a_sound_run_is_clean() -> None:
    log, stored = run()
    verdict = check([log], stored)
    assert verdict.clean
    assert str(verdict) == "0 lost / 0 doubled / 0 out of order of 4 acknowledged, 0 unanswered"


@pytest.mark.parametrize("saved", [True, False])
def test_a_send_without_an_answer_may_be_there_once_or_not_at_all(saved: bool) -> None:
    log, stored = run()
    log.acks.pop()
    if not saved:
        log.seen.pop()
        log.ended[TOPIC] = 3
        stored = without(stored, "m4")
    verdict = check([log], stored)
    assert verdict.clean
    assert (verdict.acknowledged, verdict.unanswered) == (3, 1)


def test_an_answered_send_must_be_there() -> None:
    log, stored = run()
    log.seen.pop()
    log.ended[TOPIC] = 3
    assert counts(log, without(stored, "m4")) == (True, False, False)


def test_an_answered_send_must_be_where_the_answer_says() -> None:
    log, stored = run()
    log.acks[0] = replace(log.acks[0], message_id=999)
    assert counts(log, stored) == (True, False, False)


def test_an_unanswered_send_must_not_be_there_twice() -> None:
    log, stored = run()
    log.acks.pop()
    twice = Stored(
        [*stored.events, Seen(TOPIC, 5, "m4")],
        [*stored.messages, (TOPIC, 5, 105, "m4")],
    )
    log.seen.append(Seen(TOPIC, 5, "m4"))
    assert counts(log, twice) == (False, True, False)


def test_the_same_answer_to_a_repeat_is_right_and_another_is_not() -> None:
    log, stored = run()
    log.acks.append(log.acks[1])
    assert counts(log, stored) == (False, False, False)
    log.acks.append(replace(log.acks[1], offset=3))
    assert counts(log, stored)[1]


def test_an_event_that_came_twice() -> None:
    log, stored = run()
    log.seen.insert(2, log.seen[1])
    assert counts(log, stored) == (False, True, False)


def test_an_event_that_never_came() -> None:
    log, stored = run()
    del log.seen[1]
    assert counts(log, stored) == (True, False, False)


def test_the_last_event_that_never_came() -> None:
    log, stored = run()
    log.seen.pop()
    assert counts(log, stored) == (True, False, False)


def test_an_event_that_was_rolled_back() -> None:
    log, stored = run(3)
    log.seen.append(Seen(TOPIC, 4, "ghost"))
    assert counts(log, stored) == (True, False, False)


def test_two_events_the_wrong_way_round() -> None:
    log, stored = run()
    log.seen[1], log.seen[2] = log.seen[2], log.seen[1]
    assert any(counts(log, stored))


def test_another_order_for_another_client() -> None:
    log, stored = run()
    log.seen[1], log.seen[2] = Seen(TOPIC, 2, "m3"), Seen(TOPIC, 3, "m2")
    assert counts(log, stored)[2]


def test_a_sender_s_order() -> None:
    log, stored = run()
    log.sent[0], log.sent[1] = log.sent[1], log.sent[0]
    assert counts(log, stored) == (False, False, True)


def test_a_gap_in_the_log() -> None:
    log, stored = run()
    broken = Stored([seen for seen in stored.events if seen.offset != 2], stored.messages)
    assert counts(log, broken)[2]


def test_a_client_that_came_late_has_not_lost_what_was_before() -> None:
    log, stored = run()
    late = ClientLog("bob", seen=stored.events[2:], began={TOPIC: 2}, ended={TOPIC: 4})  # type: ignore[arg-type]
    assert check([log, late], stored).clean


def test_who_has_left_sees_nothing_more() -> None:
    log, stored = run()
    log.barred[TOPIC] = 5
    assert check([log], stored).clean
    log.barred[TOPIC] = 4
    verdict = check([log], stored)
    assert not verdict.clean and len(verdict.leaked) == 1
    assert "1 leaked" in str(verdict)
