"""Among one's conversations, and in one."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import state


@state
def first_run(stage: Stage) -> Person:
    ada = stage.at("/")
    expect(ada.page.get_by_text("No conversations yet")).to_be_visible()
    return ada


@state
def conversations(stage: Stage) -> Person:
    ada = stage.at("/")
    expect(ada.page.get_by_text("Choose a conversation, or start one.")).to_be_visible()
    return ada


@state
def conversation(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    expect(ada.sent).to_have_count(5)
    return ada


@state
def long_words(stage: Stage) -> Person:
    ada = stage.at(stage.path("Kraftfahrzeughaftpflichtversicherung"))
    expect(ada.sent).to_have_count(4)
    return ada


@state
def empty_conversation(stage: Stage) -> Person:
    ada = stage.at(stage.path("Nothing yet"))
    expect(ada.log.get_by_text("Nothing has been written here yet.")).to_be_visible()
    return ada


@state
def empty_search(stage: Stage) -> Person:
    ada = stage.at("/")
    ada.page.get_by_role("searchbox").fill("zeppelin")
    expect(ada.page.get_by_role("status").get_by_text("No conversation is called “zeppelin”.")).to_be_visible()
    return ada


@state
def unread_divider(stage: Stage) -> Person:
    ada = stage.at(stage.path("Kraftfahrzeughaftpflichtversicherung"))
    expect(ada.log.get_by_role("separator")).to_be_in_viewport()
    return ada


@state
def unread_jump(stage: Stage) -> Person:
    """What is unread begins further up than is shown."""
    ada = stage.at(stage.path("Night shift"))
    expect(ada.page.get_by_role("button", name="To the first unread")).to_be_visible()
    expect(ada.sent.last).to_be_in_viewport()
    return ada


@state
def new_chip(stage: Stage) -> Person:
    """Somebody writes while one reads further up."""
    ada, grace = stage.at(stage.path("Night shift")), stage.enter("grace")
    grace.visit(stage.path("Night shift"))
    expect(grace.composer).to_be_visible()
    grace.settled()
    ada.page.evaluate("() => { document.querySelector('[role=log]').scrollTop = 300 }")
    grace.write("Round 81 done.")
    expect(ada.page.get_by_role("button", name="1 new")).to_be_visible()
    return ada


@state
def typing(stage: Stage) -> Person:
    ada, grace = stage.at(stage.path()), stage.enter("grace")
    grace.visit(stage.path())
    grace.settled()
    grace.composer.fill("The pressure")
    # A pause of four seconds would say that she has stopped: she goes on, however long pictures take.
    grace.composer.evaluate("(it) => setInterval(() => it.dispatchEvent(new Event('input', { bubbles: true })), 1000)")
    expect(ada.page.get_by_text("Grace is typing")).to_be_visible()
    return ada


@state
def details(stage: Stage) -> Person:
    ada = stage.at(f"{stage.path()}/info")
    expect(ada.page.get_by_role("complementary").get_by_text("3 people")).to_be_visible()
    return ada


@state
def deleting(stage: Stage) -> Person:
    """It is asked once more."""
    ada = stage.at(stage.path())
    line = ada.log.locator(".message-line").nth(2)
    line.hover()
    line.get_by_role("button").click()
    expect(line.get_by_role("button", name="Delete for you?")).to_be_visible()
    return ada


@state
def new_conversation(stage: Stage) -> Person:
    ada = stage.at("/new")
    ada.page.get_by_label("User names").fill("nobody-is-called-so")
    ada.page.get_by_role("button", name="Start").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()
    return ada


@state
def right_to_left(stage: Stage) -> Person:
    ada = stage.at(f"{stage.path('Kraftfahrzeughaftpflichtversicherung')}")
    ada.page.evaluate("() => { document.documentElement.dir = 'rtl' }")
    return ada
