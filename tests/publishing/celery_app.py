"""Celery as a project has it: ``celery -A tests.publishing.celery_app worker``."""

import os

from celery import Celery

app = Celery("board", broker=os.environ.get("BROKER_URL", ""))
app.conf.broker_connection_retry_on_startup = True


@app.task(name="tell")  # type: ignore[untyped-decorator]
def tell(title: str) -> None:
    from tests.publishing.board.telling import tell

    tell(title)
