"""The log: long, read back, left and come back to."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import Enter
from tests.browser.person import Person
from tests.services import LiveServer

FRAMES = """
async () => {
  const log = document.querySelector("[role=log]");
  const times = [];
  let direction = -1;
  let last = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < 240; frame++) {
    log.scrollTop += direction * 600;
    if (log.scrollTop === 0) direction = 1;
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times.sort((a, b) => a - b);
}
"""


def make_log(server: LiveServer, title: str, count: int, read: int = 0) -> str:
    """A group of ada and bob in which bob has written ``count`` messages; ada has read some. Returns its path."""
    code = f"""
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.utils import timezone
from hubbub.chat import actions
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.django.auth import actor_of_user
users = {{user.username: user for user in get_user_model().objects.all()}}
made = actions.create_conversation(actor_of_user(users["ada"]), ["bob"], {title!r}).conversation
start = timezone.now() - timedelta(minutes={count})
Message.objects.bulk_create(
    [
        Message(
            conversation_id=made.id, number=number, sender=users["bob" if number % 7 else "ada"], sender_name="",
            content=f"message {{number}}" + " and some more of it" * (number % 5),
            created_at=start + timedelta(minutes=number),
        )
        for number in range(1, {count} + 1)
    ],
    batch_size=1000,
)
Conversation.objects.filter(pk=made.id).update(top_number={count})
Participant.objects.filter(conversation_id=made.id, user=users["ada"]).update(read_number={read})
Participant.objects.filter(conversation_id=made.id, user=users["bob"]).update(read_number={count})
print("path", f"/c/{{made.id}}")
"""
    return server.manage("shell", "-c", code, timeout=300).stdout.split("path ")[1].strip()


def top_of(page: Page, text: str) -> float:
    box = page.get_by_text(text, exact=True).bounding_box()
    assert box, f"{text!r} isn't there"
    return box["y"]


def scroll_up(person: Person, until: str) -> None:
    """As with a wheel, until a message is in sight."""
    wanted = person.page.get_by_text(until, exact=True)
    person.log.hover()
    for _ in range(400):
        if wanted.count() and wanted.is_visible() and (wanted.bounding_box() or {"y": -1})["y"] > 80:
            return
        person.page.mouse.wheel(0, -700)
        person.page.evaluate("() => new Promise(requestAnimationFrame)")
    raise AssertionError(f"{until!r} never came")


def test_scrolling_back_brings_all_there_is(enter: Enter, server: LiveServer) -> None:
    """CHT-4 on the page: every message once, in order, to the first."""
    path = make_log(server, "endless", 420, read=420)
    ada = enter("ada")
    ada.visit(path)
    expect(ada.sent.last).to_contain_text("message 420")
    scroll_up(ada, "message 5")
    expect(ada.log.get_by_text("Earlier messages")).to_have_count(0)
    numbers = ada.sent.evaluate_all("(all) => all.map((each) => Number(each.textContent.match(/\\d+/)[0]))")
    assert numbers == list(range(1, 421))


def test_what_one_reads_stays_where_it_is(enter: Enter, server: LiveServer) -> None:
    """New messages below and earlier ones above move nothing; the chip counts what is new."""
    path = make_log(server, "still", 300, read=300)
    ada, bob = enter("ada"), enter("bob")
    ada.visit(path)
    bob.visit(path)
    expect(bob.composer).to_be_visible()
    scroll_up(ada, "message 215")
    before = top_of(ada.page, "message 215")
    bob.write("new one", "new two", "new three")
    chip = ada.page.get_by_role("button", name="3 new")
    expect(chip).to_be_visible()
    assert abs(top_of(ada.page, "message 215") - before) < 1
    chip.click()
    expect(ada.page.get_by_text("new three", exact=True)).to_be_in_viewport()
    expect(chip).to_have_count(0)


def test_where_one_was_is_kept_over_going_away_and_back(enter: Enter, server: LiveServer) -> None:
    path = make_log(server, "kept place", 300, read=300)
    ada = enter("ada")
    ada.visit(path)
    scroll_up(ada, "message 215")
    before = top_of(ada.page, "message 215")
    ada.page.get_by_role("link", name="Rooms").click()
    expect(ada.page.get_by_role("heading", name="Rooms")).to_be_visible()
    ada.page.go_back()
    expect(ada.page.get_by_text("message 215", exact=True)).to_be_in_viewport()
    assert abs(top_of(ada.page, "message 215") - before) < 2


def test_unread_messages_begin_at_a_divider(enter: Enter, server: LiveServer) -> None:
    path = make_log(server, "some unread", 120, read=100)
    ada = enter("ada")
    ada.visit(path)
    divider = ada.log.get_by_role("separator")
    expect(divider).to_be_in_viewport()
    expect(ada.page.get_by_text("message 101 and some more of it", exact=True)).to_be_in_viewport()
    ada.page.keyboard.press("Escape")
    expect(divider).to_have_count(0)


def test_a_jump_leads_to_the_first_unread(enter: Enter, server: LiveServer) -> None:
    path = make_log(server, "many unread", 600, read=120)
    ada = enter("ada", viewport={"width": 1000, "height": 500})
    ada.visit(path)
    expect(ada.sent.last).to_be_in_viewport()
    ada.page.get_by_role("button", name="To the first unread").click()
    expect(ada.log.get_by_role("separator")).to_be_in_viewport(timeout=20_000)
    expect(ada.page.get_by_text("message 121 and some more of it", exact=True)).to_be_in_viewport()


def _load_all(person: Person, count: int) -> None:
    """Scroll back to the first message."""
    page = person.page
    while page.get_by_text("Earlier messages").count() or page.get_by_text("Loading earlier").count():
        page.evaluate("() => { document.querySelector('[role=log]').scrollTop = 0 }")
        retry = page.locator(".earlier").get_by_role("button", name="Try again")
        if retry.count():
            retry.click()
    assert person.sent.count() == count


def _work(session: CDPSession) -> float:
    """What the page's main thread has done so far, in milliseconds of its own time."""
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


@pytest.mark.slow
def test_a_long_log_scrolls_at_the_displays_rate(enter: Enter, server: LiveServer) -> None:
    """Typing and sending stay quick in it, too."""
    count = int(os.environ.get("HUBBUB_LONG_LOG", "5000"))
    path = make_log(server, "long", count, read=count)
    ada = enter("ada")
    ada.visit(path)
    _load_all(ada, count)
    busy = ada.page.context.new_cdp_session(ada.page)
    busy.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _work(busy)
    times: list[float] = ada.page.evaluate(FRAMES)
    work = (_work(busy) - before) / len(times)
    figures: dict[str, Any] = {
        "messages": count,
        "frame median ms": round(times[len(times) // 2], 1),
        "frame p95 ms": round(times[int(len(times) * 0.95)], 1),
        "frame worst ms": round(times[-1], 1),
        "main thread ms a frame": round(work, 2),
    }
    ada.page.evaluate("() => { const log = document.querySelector('[role=log]'); log.scrollTop = log.scrollHeight }")
    ada.page.evaluate(
        """() => {
          window.longest = 0;
          new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
          }).observe({ type: "longtask" });
        }"""
    )
    ada.write("one more")
    expect(ada.sent.last).to_have_text("one more")
    figures["longest task while sending ms"] = ada.page.evaluate("() => window.longest")
    print(json.dumps(figures))
    # What the page itself costs; how long frames take is the machine's affair too.
    assert work < 12, "too much for 60 frames a second"
    assert figures["longest task while sending ms"] < 400
