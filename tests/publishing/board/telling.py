"""How the board tells somebody something: the same line of code, from wherever it runs."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django_tasks import task

import hubbub


def tell(title: str) -> None:
    """Tell the user, and begin to tell her what is rolled back: nobody is to see that."""
    ada = get_user_model().objects.get(username="ada")
    with transaction.atomic():
        hubbub.notify(ada, title)
    with transaction.atomic():
        hubbub.notify(ada, f"rolled back: {title}")
        transaction.set_rollback(True)


async def atell(title: str) -> None:
    ada = await get_user_model().objects.aget(username="ada")
    await hubbub.anotify(ada, title)


@task()
def tell_by_task(title: str) -> None:
    tell(title)


def tell_by_threads(titles: Sequence[str], threads: int) -> None:
    """Half of them by plain code, half on an event loop of a thread's own."""

    def one(n: int) -> None:
        try:
            if n % 2:
                asyncio.run(atell(titles[n]))
            else:
                tell(titles[n])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(len(titles))))
