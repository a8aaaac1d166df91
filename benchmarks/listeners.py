"""``python -m benchmarks.listeners``: what listeners cost those who send, as a ratio of the same run.

In one process, on an SQLite database of its own: many senders at once through the group-commit writer, in rounds with
the listeners of notifications and without, in turn, so that what changes about the machine hits both alike.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

SENDERS = 50
ROUNDS = 5


async def sent(writer: Any, calls: list[Any], seconds: float) -> float:
    """Messages a second that all senders together have acknowledged, each sending the next after the last."""
    until, count = time.monotonic() + seconds, 0

    async def send(call: Any) -> None:
        nonlocal count
        while time.monotonic() < until:
            await writer.run(call(), topic=call().topic)
            count += 1

    began = time.monotonic()
    await asyncio.gather(*(send(call) for call in calls))
    return count / (time.monotonic() - began)


def heard_all() -> bool:
    """Whether no listener has anything left to hear."""
    from hubbub.django.conf import database_alias
    from hubbub.django.hearing import waits_for
    from hubbub.django.listeners import listeners

    return all(waits_for(each, database_alias()) is None for each in listeners.values())


async def measure(text: str, direct: bool, seconds: float) -> tuple[float, float, float]:
    """Messages a second without listeners and with them, and seconds until the last was heard after that."""
    from django.contrib.auth.models import User

    from hubbub.chat import actions
    from hubbub.django.auth import actor_of_user
    from hubbub.django.conf import hubbub_settings
    from hubbub.django.hearing import begin_all
    from hubbub.django.listening import Listening
    from hubbub.django.models import ListenerPlace
    from hubbub.django.writer import make_writer

    def people() -> list[Any]:
        kind = "d" if direct else "g"
        for number in range(SENDERS):
            User.objects.get_or_create(username=f"{kind}{number}")
        found = [actor_of_user(User.objects.get(username=f"{kind}{number}")) for number in range(SENDERS)]
        calls = []
        for number, actor in enumerate(found):
            other = found[number - 1].username
            title = "" if direct else f"Group {number}"
            topic = actions.create_conversation(actor, [other], title).conversation.topic
            calls.append(lambda actor=actor, topic=topic: actions.send_message.bind(actor, topic, text))
        return calls

    def begin() -> Listening:
        ListenerPlace.objects.all().delete()
        begin_all("default")
        listening = Listening()
        listening.start()
        return listening

    calls = await asyncio.to_thread(people)
    writer = make_writer(hubbub_settings())
    writer.start()
    without, with_them, behind = [], [], []
    await sent(writer, calls, 1.0)
    for _ in range(ROUNDS):
        without.append(await sent(writer, calls, seconds))
        listening = await asyncio.to_thread(begin)
        with_them.append(await sent(writer, calls, seconds))
        began = time.monotonic()
        while not await asyncio.to_thread(heard_all):
            await asyncio.sleep(0.01)
        behind.append(time.monotonic() - began)
        listening.stop()
        await asyncio.to_thread(listening.end)
    await asyncio.to_thread(writer.stop)
    return statistics.median(without), statistics.median(with_them), statistics.median(behind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "hubbub.django.settings", "HUBBUB_DATA": folder, "DEBUG": "true"}
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        settings.DEBUG = False
        call_command("migrate", verbosity=0)
        print("| messages | without | with listeners | ratio | behind at the end |\n|---|---|---|---|---|")
        for name, text, direct in (("of groups", "hello all", False), ("direct, each notified", "hello", True)):
            without, with_them, behind = asyncio.run(measure(text, direct, seconds))
            print(f"| {name} | {without:.0f}/s | {with_them:.0f}/s | {with_them / without:.2f} | {behind:.2f} s |")


if __name__ == "__main__":
    main()
