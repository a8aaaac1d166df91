"""What a project sets for hubbub: one dict, ``HUBBUB = {...}``, typed."""

from functools import lru_cache
from typing import Any, Literal

import msgspec
from django.apps import apps
from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.db import router

from hubbub.engine.limits import Rate
from hubbub.engine.settings import EngineSettings


class HubbubSettings(msgspec.Struct, rename=str.upper, frozen=True, forbid_unknown_fields=True):
    """The keys of ``HUBBUB``, in capitals. Every one has a default that works."""

    allowed_origins: list[str] = []
    """Origins of browsers that may connect beside the server's own: ``https://app.example.org``."""
    guests: bool | None = None
    """Whether people who have not signed in may enter rooms. Default: as ``DEBUG``."""
    socket_prefix: str = "ws/"
    """Where sockets live, below the application's root."""
    channel_layer: str = "default"
    """The Channels layer that carries events between processes."""
    groups: dict[str, str] = {}
    """Which sockets get what other code sends to groups of that layer, over ``DEFAULT_GROUPS``: by the group's name
    the topic that they follow; an empty one takes a default out."""
    writer: Literal["group", "inline"] = "group"
    """``group``: one writer thread commits what waits together. ``inline``: one transaction an action."""
    writer_queue: int = 1000
    """Actions that may wait; past it the answer is ``busy``."""
    writer_batch: int = 200
    """Actions in one transaction at most."""
    reader_threads: int = 4
    """Queries that may run at once."""
    tail_seconds: float = 0.05
    """How often the log is looked at for events of other processes; where PostgreSQL notifies, that is the measure."""
    tail_database: str = ""
    """The alias of a direct connection to the same PostgreSQL, where a pooler stands before the other."""
    heartbeat: float = 30.0
    """Seconds between pings."""
    max_subscriptions: int = 100
    """Topics that one connection may subscribe to by itself."""
    max_pending: int = 64
    """Commands that may wait in one topic of one connection; past it the answer is ``busy``."""
    outbox_bytes: int = 1_000_000
    """Bytes that may wait for one reader; past it the connection is closed 4010 and resumes."""
    resume_limit: int = 500
    """Events that a subscription resumes with; further behind, the client is told to start afresh."""
    recent_bytes: int = 32_000_000
    """What recent events may weigh in memory, of all topics that are followed; clients that resume get them from
    there. 0 keeps none."""
    drain_seconds: float = 10.0
    """Over how long ``serve`` closes its connections when it stops, at most; clients come back meanwhile, elsewhere."""
    drain_rate: int = 500
    """Connections that it closes in a second then, unless that would take longer."""
    handshakes: int = 100
    """Handshakes under way at once in one process of ``serve``; past it they wait, and after 5 s are answered 503."""
    workers: int = 1
    """Processes of ``serve``; more than one need a channel layer that they share."""
    presence_grace: float = 10.0
    """Seconds that somebody who has lost the connection is still shown as before: a reload doesn't flicker."""
    presence_lease: float = 15.0
    """Seconds after which the people of a process that is heard of no more are gone; it is heard of three times in
    that time."""
    tracing: bool = False
    """Whether spans are given to OpenTelemetry; needs ``hubbub[otel]``."""
    task_seconds: float = 3600.0
    """Seconds that a task may run; the process of one that runs for longer is taken for dead, and the task failed."""
    task_days: float = 14.0
    """How long tasks are remembered that have ended."""
    background: bool = True
    """Whether ``serve`` runs tasks and recurring jobs beside serving; else ``hubbub worker`` has to."""
    compression: bool = False
    """Whether clients that can are sent compressed frames, under hubbub's own server."""
    sockets_per_user: int = 50
    """Connections of one user; past it a new one is closed 4029."""
    sockets_per_address: int = 500
    """Connections of one network (an IPv4 address, an IPv6 /64); past it a new one is closed 4029."""
    frame_rate: str = "200/2s"
    """Frames of one connection, whatever they are."""
    limits: dict[str, str] = {}
    """Rates of each user by name; see ``DEFAULT_LIMITS``."""
    receipt_days: float = 7.0
    """How long a repeated ``client_id`` gets the first reply."""
    ticket_seconds: float = 30.0
    """How long a socket ticket is good for."""
    public_url: str = ""
    """Where people find the UI, for links in mails. Default: by the host of the request."""
    email_required: bool = False
    """Whether registering takes an e-mail address."""
    event_days: float = 30.0
    """How long streams keep events for clients that were away; 0 for ever. Messages stay in any case."""
    events_per_topic: int = 10_000
    """How many events a stream keeps at most; 0 for all."""
    metrics_token: str = ""
    """What a Prometheus shows, as ``Authorization: Bearer``, to read ``/metrics``; staff need none."""
    notification_days: float = 90.0
    """How long notifications are kept; 0 for ever."""
    login_days: float = 90.0
    """How long sign-ins are remembered after they have ended; 0 for ever."""
    vapid_private_key: str = ""
    """What pushes to closed browsers are signed with, as ``hubbub vapid`` makes it; without one there are none."""
    vapid_subject: str = ""
    """Whom a push service may turn to about this server: ``mailto:admin@example.org`` or an https address."""
    push_delay: float = 5.0
    """Seconds that a notification has to be read, or shown to somebody, before it is pushed."""
    push_loopback: bool = False
    """Whether a push service may be on this machine, without TLS too: for tests."""


DEFAULT_LIMITS = {
    "messages": "60/10s",
    "writes": "60/10s",
    "reads": "100/10s",
    "conversations": "20/m",
    "guest_messages": "600/10s",
    "guest_reads": "1000/10s",
    "guest_conversations": "60/m",
    "logins": "10/m",
    "registrations": "10/h",
    "tickets": "60/m",
    "mails": "10/h",
}


@lru_cache(maxsize=1)
def hubbub_settings() -> HubbubSettings:
    """The project's settings. Raises msgspec.ValidationError; the check ``hubbub.E001`` says it better."""
    return msgspec.convert(dict(getattr(django_settings, "HUBBUB", {})), HubbubSettings)


def database_alias() -> str:
    """The database of the streams and of all features' tables, as the project's DATABASE_ROUTERS have it."""
    return router.db_for_write(apps.get_model("hubbub", "Stream"))


def tail_alias() -> str:
    """The connection by which the log is followed; its database is that of ``database_alias``."""
    return hubbub_settings().tail_database or database_alias()


def engine_settings() -> EngineSettings:
    """The part that the engine wants. Raises ValueError for a rate that is none."""
    ours = hubbub_settings()
    return EngineSettings(
        guests=django_settings.DEBUG if ours.guests is None else ours.guests,
        heartbeat=ours.heartbeat,
        max_subscriptions=ours.max_subscriptions,
        max_pending=ours.max_pending,
        outbox_bytes=ours.outbox_bytes,
        resume_limit=ours.resume_limit,
        recent_bytes=ours.recent_bytes,
        drain_seconds=ours.drain_seconds,
        drain_rate=ours.drain_rate,
        frame_rate=Rate.parse(ours.frame_rate),
        sockets_per_user=ours.sockets_per_user,
        sockets_per_address=ours.sockets_per_address,
    )


def rates() -> dict[str, Rate]:
    """All named limits, the defaults and the project's own. Raises ValueError for a rate that is none."""
    return {name: Rate.parse(text) for name, text in {**DEFAULT_LIMITS, **hubbub_settings().limits}.items()}


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "HUBBUB":
        hubbub_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="hubbub.conf")
