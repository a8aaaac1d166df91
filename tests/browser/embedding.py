"""A project that has a conversation in a page of its own."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

ROOT_URLCONF = "tests.browser.line_3"
# Who has left one state's stage does not stand on the next one's.
HUBBUB |= {"PRESENCE_GRACE": 0.0}
