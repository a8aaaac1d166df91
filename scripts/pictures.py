"""Takes the pictures of README and docs from a real server: ``.venv/bin/python -m scripts.pictures``."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.person import Person
from tests.services import CHROMIUM_ARGS, LiveServer, live_servers

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PASSWORD = "a fine password 42"
PEOPLE = {"ada": "Ada", "grace": "Grace", "edsger": "Edsger"}
TALK = [
    ("grace", "Morning. Is the pump on line 3 back?"),
    ("ada", "Since seven. It had lost its network for ten minutes."),
    ("ada", "Nothing is missing, it sent what it had."),
    ("edsger", "Good. Then I take it off the list."),
    ("grace", "I will watch it over lunch."),
]


def sign_in(browser: Browser, server: LiveServer, name: str, **looks: object) -> Person:
    person = Person(name, browser.new_context(**looks), server.url)  # type: ignore[arg-type]
    person.visit("/sign-in")
    person.page.get_by_label("User name").fill(name)
    person.page.get_by_label("Password").fill(PASSWORD)
    person.page.get_by_role("button", name="Sign in").click()
    person.page.wait_for_url("**/")
    return person


def take(browser: Browser, server: LiveServer) -> None:
    for name, first in PEOPLE.items():
        server.manage("createuser", name, "--password", PASSWORD, "--first-name", first)
    desktop = {"viewport": {"width": 1200, "height": 720}}
    people = {name: sign_in(browser, server, name, **desktop) for name in PEOPLE}
    path = people["ada"].start_group("Plant", "grace", "edsger")
    said = []
    for name, text in TALK:
        if name != "ada":
            people[name].visit(path)
        people[name].composer.wait_for()
        people[name].write(text)
        said.append(text)
        people[name].sees(said)
    people["ada"].sees(said)
    people["ada"].page.screenshot(path=IMAGES / "conversation.png")
    dark = sign_in(browser, server, "grace", color_scheme="dark", **desktop)
    phone = sign_in(browser, server, "grace", viewport={"width": 390, "height": 780}, is_mobile=True, has_touch=True)
    for person, picture in ((dark, "conversation-dark.png"), (phone, "conversation-phone.png")):
        person.visit(path)
        person.sees(said)
        person.page.screenshot(path=IMAGES / picture)


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium on the path. Install it and try again.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, live_servers(Path(folder)) as start, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        take(browser, start())
        browser.close()


if __name__ == "__main__":
    main()
