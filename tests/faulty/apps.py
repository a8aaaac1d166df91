"""Puts one deliberate bug, which FAULTY names, in the place of what is right when Django is ready."""

import os

from django.apps import AppConfig


class FaultyConfig(AppConfig):
    name = "tests.faulty"

    def ready(self) -> None:
        from tests.faulty.bugs import BUGS

        BUGS[os.environ["FAULTY"]]()
