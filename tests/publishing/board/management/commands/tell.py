from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tests.publishing.board.telling import tell_by_task, tell_by_threads


class Command(BaseCommand):
    """Tells so many things, by several threads and by tasks."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("count", type=int)
        parser.add_argument("tasks", type=int)

    def handle(self, *args: Any, name: str, count: int, tasks: int, **options: Any) -> None:
        for n in range(tasks):
            tell_by_task.enqueue(f"{name} task {n}")
        tell_by_threads([f"{name} {n}" for n in range(count)], threads=4)
