"""A project that has a conversation in a page of its own."""

from hubbub.django.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.line_3"
