"""Puts the faulty writer in the place of the real one when Django is ready."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from hubbub.django.conf import HubbubSettings
    from hubbub.django.writer import DjangoWriter


class FaultyConfig(AppConfig):
    name = "tests.faulty"

    def ready(self) -> None:
        from hubbub.django import runtime
        from hubbub.django.conf import database_alias
        from tests.faulty.writer import ReplyBeforeCommit

        def make_writer(settings: "HubbubSettings") -> "DjangoWriter":
            return ReplyBeforeCommit(database_alias(), settings.writer_queue, settings.writer_batch)

        runtime.make_writer = make_writer  # type: ignore[attr-defined]
