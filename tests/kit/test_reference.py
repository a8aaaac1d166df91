"""The reference page has everything that is public."""

import importlib
import re
from pathlib import Path

import pytest

from hubbub import testing
from hubbub.testing import plugin

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text()


def test_every_public_name_stands_there():
    assert set(testing.__all__) == {name for name in testing.__all__ if re.search(rf"\.{name}$", PAGE, re.MULTILINE)}


def test_every_fixture_stands_there():
    fixtures = [name for name in vars(plugin) if name.startswith("hubbub_")]
    assert len(fixtures) == 8
    assert [name for name in fixtures if f"| `{name}` |" not in PAGE] == []


@pytest.mark.parametrize("path", re.findall(r":: (hubbub\.\S+)$", PAGE, re.MULTILINE))
def test_what_stands_there_exists_and_says_what_it_is(path):
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name).__doc__


@pytest.mark.parametrize("name", testing.__all__)
def test_names_come_from_one_place(name):
    assert getattr(testing, name).__module__.startswith("hubbub.testing.")
