"""What Prometheus reads, against what the test did."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hubbub.django.metrics import METRICS
from tests.formats.client import Person, ask, connect, full, refused, talk
from tests.seeing.conftest import TOKEN
from tests.servers.test_slow_readers import narrow
from tests.services import LiveServer
from tests.waiting import wait_until_async

Figures = dict[str, float]
MESSAGE = "x" * 4000
ENOUGH = 6000
"""Messages after which a reader who reads none of them must have been closed."""


def scrape(server: LiveServer, authorization: str = f"Bearer {TOKEN}", **headers: str) -> httpx.Response:
    sent = {"Authorization": authorization, **headers} if authorization else headers
    return httpx.get(f"{server.url}/metrics", headers=sent, trust_env=False, timeout=20)


def figures(server: LiveServer) -> Figures:
    """Every sample by its name, with its label's value after a blank."""
    answer = scrape(server)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    found: Figures = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = " ".join(value for name, value in sample.labels.items() if name != "le")
            found[f"{sample.name} {labels}".strip()] = sample.value
    return found


def change(before: Figures, after: Figures, name: str) -> float:
    return after.get(name, 0.0) - before.get(name, 0.0)


async def test_sessions_commands_and_commits(server: LiveServer, ann: Person, bob: Person) -> None:
    """OPS-1: three connections, two subscriptions, ten messages."""
    id = await talk(server, ann, bob)
    topic = f"chat.{id}"
    await wait_until_async(lambda: figures(server)["hubbub_sessions"] == 0, "the first connection is gone")
    before = figures(server)
    async with full(server, ann) as hers, full(server, bob) as his, full(server, bob) as also_his:
        for each in (hers, his):
            await ask(each, "subscribe", topic)
        for number in range(10):
            await ask(hers, "chat.send", topic, content=f"number {number}")
        await ask(also_his, "chat.history", topic)
        assert {frame["type"] for frame in await his.frames(10)} == {"chat.message_sent"}
        open = figures(server)
        assert open["hubbub_sessions"] == 3
        assert open["hubbub_subscriptions"] == 2
    await wait_until_async(lambda: figures(server)["hubbub_sessions"] == 0, "all are gone")
    after = figures(server)
    assert change(before, after, "hubbub_handshakes_total accepted") == 3
    assert change(before, after, "hubbub_closes_total client") == 3
    assert change(before, after, "hubbub_frames_received_total") == 13
    assert change(before, after, "hubbub_events_total") == 10
    assert change(before, after, "hubbub_deliveries_total") == 20
    assert change(before, after, "hubbub_commit_actions_sum") == 10
    assert change(before, after, "hubbub_handshake_seconds_count") == 3
    batches = change(before, after, "hubbub_commit_actions_count")
    for stage in ("transaction", "commit"):
        assert change(before, after, f"hubbub_stage_seconds_count {stage}") == batches
        assert change(before, after, f"hubbub_stage_seconds_sum {stage}") > 0
    assert change(before, after, "hubbub_stage_seconds_count writer") == 10
    # Each command that waits: 2 subscriptions, 10 messages, 1 history.
    assert change(before, after, "hubbub_stage_seconds_count lane") == 13
    assert change(before, after, "hubbub_stage_seconds_count delivery") >= 1
    assert after["hubbub_outbox_bytes"] == after["hubbub_writer_waiting"] == 0
    assert after["hubbub_event_loop_lag_seconds_count"] > before["hubbub_event_loop_lag_seconds_count"]
    assert after["process_resident_memory_bytes"] > 1_000_000


async def test_resumes_by_where_the_events_came_from(server: LiveServer, ann: Person, bob: Person) -> None:
    """OPS-1 SUB-2"""
    topic = f"chat.{await talk(server, ann, bob)}"
    async with full(server, ann) as stays, full(server, ann) as comes:
        position = (await ask(stays, "subscribe", topic))["position"]
        await ask(stays, "chat.send", topic, content="one")
        before = figures(server)
        for epoch, offset in ((position["epoch"], position["offset"]), ("another", 1)):
            await comes.send(id=1, type="subscribe", topic=topic, since={"epoch": epoch, "offset": offset})
            while (await comes.frame()).get("id") != 1:
                pass
        after = figures(server)
    assert change(before, after, "hubbub_resumes_total memory") == 1
    assert change(before, after, "hubbub_resumes_total epoch") == 1


async def test_who_is_refused_and_what_fails(server: LiveServer, ann: Person) -> None:
    """OPS-1"""
    before = figures(server)
    assert await refused(server, "", token="no.good.token") == 4001
    assert await refused(server, "", by=ann, origin="https://elsewhere.example") == 403
    assert await refused(server, "no/such/socket/", by=ann) == 403
    async with full(server, ann) as hers:
        await hers.send(id=1, type="chat.send", topic="chat.987654321", data={"content": "x"})
        assert (await hers.frame())["error"]["code"] == "forbidden"
        await hers.send_text("no json")
        await hers.frame()
    after = figures(server)
    for outcome in ("4001", "origin", "path", "accepted"):
        assert change(before, after, f"hubbub_handshakes_total {outcome}") == 1, outcome
    for code in ("forbidden", "bad_json"):
        assert change(before, after, f"hubbub_command_errors_total {code}") == 1, code


async def test_a_slow_reader(server: LiveServer, ann: Person, bob: Person) -> None:
    """OPS-1 LIM-4: what waits for it is seen, and then that it was closed."""
    topic = f"chat.{await talk(server, ann, bob)}"
    before = figures(server)
    async with full(server, ann) as hers, narrow(server, bob) as his:  # type: ignore[arg-type]
        assert (await his.frame())["type"] == "ready"
        await ask(his, "subscribe", topic)
        most, sent = 0.0, 0
        while not change(before, now := figures(server), "hubbub_closes_total 4010"):
            assert sent < ENOUGH, "nobody noticed"
            most = max(most, now["hubbub_outbox_bytes"])
            for _ in range(20):
                sent += 1
                await ask(hers, "chat.send", topic, content=MESSAGE)
        print(f"closed after {sent} messages of {len(MESSAGE)} bytes; seen waiting: {most:.0f} bytes")
        assert most > 50_000
    assert change(before, figures(server), "hubbub_closes_total 4010") == 1


def test_who_may(server: LiveServer, ann: Person, staff: Person) -> None:
    """OPS-1: staff by cookie or token, and whoever shows the settings' token; nobody else, on loopback either."""
    for authorization, cookie, status in (
        ("", "", 401),
        ("Bearer no-good", "", 401),
        (f"Bearer {TOKEN[:-1]}", "", 401),
        (f"Bearer {ann.token}", "", 403),
        ("", ann.cookie, 403),
        (f"Bearer {staff.token}", "", 200),
        ("", staff.cookie, 200),
        (f"Bearer {TOKEN}", "", 200),
    ):
        headers = {"Cookie": f"sessionid={cookie}"} if cookie else {}
        answer = scrape(server, authorization, **headers)
        assert answer.status_code == status, (authorization, cookie)
        assert ("hubbub_sessions" in answer.text) == (status == 200)
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_every_name_is_there_and_good(server: LiveServer) -> None:
    """OPS-1: what the reference lists is what is answered, and each name follows Prometheus' rules."""
    text = scrape(server).text
    declared = {each.name.removesuffix("_total") for each in METRICS}
    answered = {family.name: family for family in text_string_to_metric_families(text)}
    assert {name for name in answered if name.startswith("hubbub_")} == declared
    assert len(declared) == len(METRICS)
    for each in METRICS:
        assert answered[each.name.removesuffix("_total")].documentation == each.help
        assert (each.kind == "counter") == each.name.endswith("_total")
        assert bool(each.label) == bool(each.values)


async def test_nothing_secret_is_a_label(server: LiveServer, ann: Person) -> None:
    """OPS-1: neither users nor topics nor what a client makes up."""
    async with connect(server, "", by=ann) as socket:
        await socket.frame()
        await socket.send(id=1, type="made-up-by-a-client", topic="made.up")
        await socket.frame()
    text = scrape(server).text
    assert not any(word in text for word in ("made-up", "made.up", ann.username))
