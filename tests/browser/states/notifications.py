"""What happened for oneself, what is announced, and how far one's jobs are."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import state

# A browser that has not been asked for permission yet.
UNASKED = "Object.defineProperty(Notification, 'permission', { get: () => 'default' })"
FAIL = """
from django.contrib.auth import get_user_model
import hubbub
user = get_user_model().objects.get(username={viewer!r})
try:
    with hubbub.job_progress(user, "Sending the report"):
        raise ValueError("No printer")
except ValueError:
    pass
"""


@state
def notifications(stage: Stage) -> Person:
    ada = stage.at("/notifications")
    expect(ada.page.get_by_role("main").get_by_role("listitem")).to_have_count(6)
    return ada


@state
def notifications_unread(stage: Stage) -> Person:
    ada = stage.at("/notifications/unread")
    expect(ada.page.get_by_role("main").get_by_role("listitem")).to_have_count(3)
    return ada


@state
def no_notifications(stage: Stage) -> Person:
    ada = stage.at("/notifications")
    expect(ada.page.get_by_text("No notifications yet.")).to_be_visible()
    return ada


@state
def alerts_question(stage: Stage) -> Person:
    """It is asked where somebody has looked for what concerns them, not before."""
    ada = stage.enter()
    ada.context.add_init_script(UNASKED)
    ada.visit("/")
    ada.settled()
    expect(ada.page.get_by_role("button", name="Not now")).to_have_count(0)
    ada.page.get_by_role("link", name="Notifications").click()
    expect(ada.page.get_by_role("button", name="Not now")).to_be_visible()
    ada.page.mouse.move(700, 600)
    return ada


@state
def banner(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    expect(ada.page.get_by_role("timer")).to_have_text("in 3 days")
    return ada


@state
def jobs(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    jobs = ada.page.get_by_role("complementary", name="Jobs")
    expect(jobs.get_by_role("progressbar")).to_be_visible()
    stage.server.manage("shell", "-c", FAIL.format(viewer=stage.viewer))
    expect(jobs.get_by_role("status")).to_contain_text("Failed")
    return ada


@state
def settings_notifications(stage: Stage) -> Person:
    ada = stage.at("/settings/notifications")
    ada.page.get_by_label("Be quiet at these times").check()
    expect(ada.page.get_by_label("From")).to_be_visible()
    return ada
