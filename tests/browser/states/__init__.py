"""Each state that the page can be in: how it is reached, and what it says. Tests of all kinds go through this list."""

# ruff: noqa: F401, I001  In this order: from a state's place in the list follows its viewer's id, and so her colour.
from tests.browser.states import conversations
from tests.browser.states import outgoing
from tests.browser.states import connection
from tests.browser.states import absent
from tests.browser.states import overlays
from tests.browser.states import accounts
from tests.browser.states import rooms
from tests.browser.states import presence
from tests.browser.states import notifications
from tests.browser.states.registry import ALONE, STATES

__all__ = ["ALONE", "STATES"]
