"""The reference pages say what the code does."""

import re
from pathlib import Path

import msgspec

import hubbub
from hubbub.django.conf import DEFAULT_LIMITS, HubbubSettings
from hubbub.protocol.close import Close
from hubbub.protocol.registry import registry

DOCS = Path(__file__).parent.parent / "docs"


def test_every_setting_is_documented_with_its_default():
    page = (DOCS / "reference/settings.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", page.split("## `HUBBUB`")[1], re.MULTILINE))
    fields = {field.encode_name: field.default for field in msgspec.structs.fields(HubbubSettings)}
    assert set(rows) == set(fields)
    for name, default in fields.items():
        if name not in ("GUESTS", "LIMITS", "ALLOWED_ORIGINS", "GROUPS"):
            assert rows[name] == f"`{msgspec.json.encode(default).decode()}`", name
    for limit, rate in DEFAULT_LIMITS.items():
        assert f"`{limit}` {rate}" in page


def test_the_rules_name_every_command_and_close_code():
    """CLO-1"""
    rules = (DOCS / "SPEC.md").read_text()
    for code in Close:
        assert str(int(code)) in rules, code
    chat = ("chat.send", "chat.hide", "chat.typing", "chat.history", "chat.read", "inbox.subscribe")
    for name in (*chat, "presence.watch", "presence.set"):
        assert name in registry.commands
        assert f"`{name}`" in rules, name


def test_what_can_be_imported_from_hubbub_is_named_and_seen():
    page = (DOCS / "reference/python.md").read_text()
    names = set(hubbub.__all__)
    sentence = page.split("These can be imported from `hubbub` itself: ")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == names - {"APPS", "__version__"}
    assert names <= set(dir(hubbub))
    assert [name for name in names if not hasattr(hubbub, name)] == []


def test_every_test_that_a_page_names_is_there():
    """What is claimed of them can be looked up."""
    named, gone = 0, []
    for page in DOCS.rglob("*.md"):
        for path, name in re.findall(r"`((?:tests|src)/[\w/]+\.py)(?:::(\w+))?[`\[]", page.read_text()):
            named += 1
            file = DOCS.parent / path
            if not file.is_file() or (name and f"def {name}(" not in file.read_text()):
                gone.append(f"{page.name}: {path}::{name}")
    print(f"{named} tests are named in the documentation")
    assert named > 30
    assert not gone
