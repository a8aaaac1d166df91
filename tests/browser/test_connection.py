"""Connections that break while people talk: nothing is lost, nothing doubled, and the page says what is the case."""

from __future__ import annotations

from playwright.sync_api import expect

from hubbub.testing import Proxy
from tests.browser.conftest import Enter
from tests.services import LiveServer


def test_messages_flow_on_both_sides_of_a_cut(enter: Enter, proxy: Proxy) -> None:
    """SUB-2, ACK-2 on the page: each message once, in the same order for both."""
    ada, bob = enter("ada", proxy), enter("bob")
    path = ada.start_group("cut", "bob")
    bob.visit(path)
    ada.write("before")
    bob.sees(["before"])

    proxy.cut()
    expect(ada.bar).to_contain_text("Offline")
    bob.write("b1", "b2")
    bob.sees(["before", "b1", "b2"])
    ada.write("a1", "a2")
    expect(ada.bar).to_contain_text("2 messages wait.")
    expect(ada.unsent).to_have_text(["a1", "a2"])
    bob.write("b3")
    bob.sees(["before", "b1", "b2", "b3"])

    proxy.mend()
    expected = ["before", "b1", "b2", "b3", "a1", "a2"]
    for person in (ada, bob):
        person.sees(expected, timeout=40)
    expect(ada.bar).to_have_count(0)
    ada.write("after")
    for person in (ada, bob):
        person.sees([*expected, "after"])


def test_a_message_whose_reply_was_lost_is_there_once(enter: Enter, proxy: Proxy) -> None:
    """ACK-2 on the page."""
    ada, bob = enter("ada", proxy), enter("bob")
    path = ada.start_group("lost reply", "bob")
    bob.visit(path)
    expect(bob.composer).to_be_visible()
    ada.sees([])
    proxy.deafen()
    ada.write("only once")
    bob.sees(["only once"])
    expect(ada.unsent).to_have_text("only once")

    proxy.cut()
    proxy.mend()
    ada.sees(["only once"], timeout=40)
    ada.write("and more")
    for person in (ada, bob):
        person.sees(["only once", "and more"])


def test_a_reload_in_the_middle_of_sending_loses_nothing(enter: Enter, proxy: Proxy) -> None:
    """ACK-2 on the page: what the server has already is not sent twice, what it has not is sent."""
    ada, bob = enter("ada", proxy), enter("bob")
    path = ada.start_group("reload", "bob")
    bob.visit(path)
    expect(bob.composer).to_be_visible()
    ada.sees([])
    proxy.deafen()
    ada.write("one", "two", "three")
    bob.sees(["one"])
    expect(ada.unsent).to_have_text(["one", "two", "three"])

    ada.page.reload()
    for person in (ada, bob):
        person.sees(["one", "two", "three"], timeout=30)
    ada.keeps(0)


def test_what_is_written_offline_survives_a_reload(enter: Enter, proxy: Proxy) -> None:
    """ACK-2 on the page: the queue is in the browser's database, and each message arrives once."""
    ada, bob = enter("ada", proxy), enter("bob")
    path = ada.start_group("offline reload", "bob")
    bob.visit(path)
    ada.write("before")
    bob.sees(["before"])

    proxy.cut_sockets()
    expect(ada.bar).to_contain_text("Offline")
    ada.write("one", "two")
    expect(ada.unsent).to_have_text(["one", "two"])
    for _ in range(2):
        ada.page.reload()
        expect(ada.bar).to_be_visible()
        ada.keeps(2)
    bob.write("meanwhile")
    bob.sees(["before", "meanwhile"])

    proxy.mend_sockets()
    for person in (ada, bob):
        person.sees(["before", "meanwhile", "one", "two"], timeout=40)
    ada.keeps(0)


def test_several_tabs_offline_send_each_message_once(enter: Enter, proxy: Proxy) -> None:
    """ACK-2 on the page: each tab sends its own, and what a closed or reloaded one left is sent by one of them."""
    ada, bob = enter("ada", proxy), enter("bob")
    path = ada.start_group("tabs offline", "bob")
    bob.visit(path)
    expect(bob.composer).to_be_visible()
    tabs = [ada.page, ada.new_page(), ada.new_page()]
    for tab in tabs[1:]:
        tab.goto(f"{ada.url}{path}")
        expect(tab.get_by_role("textbox", name="Message")).to_be_visible()
    proxy.cut_sockets()
    for number, ada.page in enumerate(tabs):
        expect(ada.bar).to_contain_text("Offline")
        ada.write(f"a{number}", f"b{number}")
        expect(ada.unsent).to_have_text([f"a{number}", f"b{number}"])
    ada.keeps(6)
    tabs[0].close()
    tabs[1].reload()

    ada.page = tabs[2]
    proxy.mend_sockets()
    expect(bob.sent).to_have_count(6, timeout=40_000)
    texts = bob.sent.all_inner_texts()
    assert sorted(texts) == ["a0", "a1", "a2", "b0", "b1", "b2"]
    for number in range(3):
        assert texts.index(f"a{number}") < texts.index(f"b{number}")
    ada.sees(texts)
    ada.keeps(0)


def test_a_closed_tab_leaves_its_messages_to_another(enter: Enter, proxy: Proxy) -> None:
    """ACK-2 on the page: a tab takes over what one that is gone has not sent, and only then."""
    ada, bob = enter("ada", proxy), enter("bob")
    path = ada.start_group("tabs", "bob")
    bob.visit(path)
    expect(bob.composer).to_be_visible()
    ada.sees([])
    proxy.deafen()
    ada.write("one", "two")
    bob.sees(["one"])
    first, ada.page = ada.page, ada.new_page()
    ada.visit(path)
    ada.sees(["one"])
    expect(ada.unsent).to_have_count(0)

    first.close()
    for person in (ada, bob):
        person.sees(["one", "two"])


NO_DATABASE = "Object.defineProperty(window, 'indexedDB', { value: undefined })"
TAKE_DATABASE = """() => new Promise((done, failed) => {
  const opening = indexedDB.open("hubbub", 99);
  opening.onsuccess = () => { opening.result.close(); done(); };
  opening.onblocked = opening.onerror = () => failed(new Error("the page holds on to its database"));
})"""


def test_a_browser_that_keeps_nothing_sends_all_the_same(enter: Enter) -> None:
    """The queue goes on in memory: without a database, and when a newer version of the page takes it away."""
    ada, bob = enter("ada"), enter("bob")
    bob.context.add_init_script(NO_DATABASE)
    path = ada.start_group("no storage", "bob")
    bob.visit(path)
    bob.write("from memory")
    ada.sees(["from memory"])
    ada.write("kept")
    bob.sees(["from memory", "kept"])
    ada.page.evaluate(TAKE_DATABASE)
    ada.write("and no longer")
    for person in (ada, bob):
        person.sees(["from memory", "kept", "and no longer"])


def test_a_restart_of_the_server_is_survived(enter: Enter, server: LiveServer) -> None:
    """CLO-1 on the page: 1012."""
    ada, bob = enter("ada"), enter("bob")
    path = ada.start_group("restart", "bob")
    bob.visit(path)
    bob.write("before")
    ada.sees(["before"])
    server.stop()
    expect(ada.bar).to_contain_text("restarting")
    ada.write("meanwhile")
    expect(ada.bar).to_contain_text("1 message waits.")
    server.restart()
    for person in (ada, bob):
        person.sees(["before", "meanwhile"], timeout=60)


def test_a_crash_of_the_server_is_survived(enter: Enter, server: LiveServer) -> None:
    """ACK-1 on the page: what was acknowledged is there, what was not is sent again."""
    ada = enter("ada")
    ada.start_group("crash", "bob")
    ada.write("acknowledged")
    ada.sees(["acknowledged"])
    server.kill()
    ada.write("meanwhile")
    expect(ada.bar).to_contain_text("1 message waits.")
    server.restart()
    ada.sees(["acknowledged", "meanwhile"], timeout=60)


def test_a_message_that_is_refused_says_why_and_stays_until_discarded(enter: Enter) -> None:
    """CHT-1, ERR-1 on the page: a failed message is never dropped in silence."""
    ada = enter("ada")
    ada.start_group("refused", "bob")
    ada.write("no \x00 here", "and on")
    failed = ada.log.get_by_role("alert")
    expect(failed).to_contain_text("Couldn't send. A message cannot hold the character NUL.")
    expect(ada.sent).to_have_text(["and on"])
    ada.page.reload()
    expect(failed).to_contain_text("Couldn't send.")
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_contain_text("Couldn't send.")
    failed.get_by_role("button", name="Discard").click()
    ada.sees(["and on"])
    ada.page.reload()
    ada.sees(["and on"])
