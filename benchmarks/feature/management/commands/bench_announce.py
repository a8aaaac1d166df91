"""``hubbub bench_announce USERS TIMES``: announcements to everyone, of so many users. Prints their costs as JSON."""

import asyncio
import json
import statistics
import time
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

import hubbub
from hubbub import Audience
from hubbub.protocol.frames import Event
from hubbub.testing.live import LiveEngine


class Command(BaseCommand):
    help = "Makes users and announces something to all of them, with one of them connected. Prints the costs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("users", type=int)
        parser.add_argument("times", type=int)

    def handle(self, *, users: int, times: int, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        model = get_user_model()
        made = (model(username=f"member-{number}", password="!") for number in range(users))
        model.objects.bulk_create(made, batch_size=5_000)
        self.stdout.write(json.dumps(asyncio.run(measure(model.objects.order_by("pk").first, times))))


async def measure(reader: Any, times: int) -> dict[str, float]:
    """Per announcement: rows, messages to the other processes, and ms until it is committed, and until it is shown."""
    async with LiveEngine() as live:
        sent: list[Event] = []
        relay = live.engine.hub.relay
        relay.send = sent.append  # type: ignore[assignment, method-assign]
        follower = await live.connect(await live.run(reader))
        await follower.send("announcements.subscribe")
        await live.run(hubbub.announce, Audience.everyone(), "The first makes the stream")
        await follower.event("announcements.announced")
        before, saved, shown = await live.run(rows), [], []
        sent.clear()
        for number in range(times):
            began = time.perf_counter()
            await live.run(hubbub.announce, Audience.everyone(), f"Number {number}")
            saved.append(time.perf_counter() - began)
            await follower.wait_for(lambda wanted=number + 2: len(follower.events()) >= wanted)  # type: ignore[misc]
            shown.append(time.perf_counter() - began)
        return {
            "rows": (await live.run(rows) - before) / times,
            "messages": len(sent) / times,
            "saved": 1000 * statistics.median(saved),
            "shown": 1000 * statistics.median(shown),
        }


def rows() -> int:
    """In all tables."""
    found = 0
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found += cursor.fetchone()[0]
    return found
