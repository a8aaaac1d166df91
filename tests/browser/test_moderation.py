"""Staff at the admin's pages, and people who are there while it happens."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Enter
from tests.services import LiveServer

BOSS = f"from django.contrib.auth.models import User; User.objects.create_superuser('boss', password={PASSWORD!r})"


def test_a_message_is_deleted_for_everybody(server: LiveServer, enter: Enter) -> None:
    """CHT-11 on the page: at once, and after a reload."""
    server.manage("shell", "-c", BOSS)
    ada, boss = enter("ada"), enter("boss")
    ada.start_group("moderated", "bob")
    ada.write("one", "something bad", "three")
    ada.sees(["one", "something bad", "three"])
    boss.visit("/admin/login/?next=/admin/hubbub_chat/message/")
    boss.page.get_by_label("Username").fill("boss")
    boss.page.get_by_label("Password").fill(PASSWORD)
    boss.page.get_by_role("button", name="Log in").click()
    row = boss.page.get_by_role("row").filter(has_text="something bad")
    row.get_by_role("checkbox").check()
    boss.page.get_by_role("combobox", name="Action").select_option("delete_for_everybody")
    boss.page.locator("button[name=index]").click()  # "Go" or "Run", as Django has it.
    expect(boss.page.get_by_text("Deleted for everybody: 1.")).to_be_visible()
    ada.sees(["one", "Message deleted", "three"])
    ada.page.reload()
    ada.sees(["one", "Message deleted", "three"])
