"""hubbub: the real-time layer for Django, and a complete chat server built on it.

Here stands what an app of one's own needs: ``publish`` and ``publish_ephemeral`` make events, ``command``, ``event``,
``handles`` and ``topic_kind`` say what there is, ``action`` what happens: see ``docs/how-to/own-message-type.md``. A
model decorated with ``publishes`` tells what changes, a function with ``on_event`` hears what has happened. ``notify``
tells users something, ``announce`` an ``Audience``, and ``job_progress`` how far a job is.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
APPS = [
    "hubbub.django",
    "hubbub.accounts",
    "hubbub.announcements",
    "hubbub.audiences",
    "hubbub.bench",
    "hubbub.chat",
    "hubbub.inspector",
    "hubbub.notifications",
    "hubbub.presence",
    "hubbub.progress",
    "hubbub.web",
    "rest_framework_simplejwt.token_blacklist",
]
"""What ``INSTALLED_APPS`` needs for all of hubbub, as its first entries: ``[*hubbub.APPS, ...]``.

A project that wants a part names that part's apps itself; ``hubbub.django`` is always one of them.
"""

if TYPE_CHECKING:
    from hubbub.announcements.announcing import aannounce, announce
    from hubbub.django.actions import action
    from hubbub.django.audiences import Audience
    from hubbub.django.declaring import published, publishes
    from hubbub.django.listeners import Happened, on_event
    from hubbub.django.notifying import anotify, notify
    from hubbub.django.publish import apublish, apublish_ephemeral, publish, publish_ephemeral
    from hubbub.django.revoking import arevoke, revoke
    from hubbub.engine.actor import Actor
    from hubbub.engine.context import Context
    from hubbub.progress.running import job_progress
    from hubbub.protocol.registry import TopicKind, command, event, handles, topic_kind

_HOME = {
    "Actor": "engine.actor",
    "Audience": "django.audiences",
    "Context": "engine.context",
    "Happened": "django.listeners",
    "TopicKind": "protocol.registry",
    "aannounce": "announcements.announcing",
    "action": "django.actions",
    "announce": "announcements.announcing",
    "anotify": "django.notifying",
    "apublish": "django.publish",
    "apublish_ephemeral": "django.publish",
    "arevoke": "django.revoking",
    "command": "protocol.registry",
    "event": "protocol.registry",
    "handles": "protocol.registry",
    "job_progress": "progress.running",
    "notify": "django.notifying",
    "on_event": "django.listeners",
    "publish": "django.publish",
    "publish_ephemeral": "django.publish",
    "published": "django.declaring",
    "publishes": "django.declaring",
    "revoke": "django.revoking",
    "topic_kind": "protocol.registry",
}

__all__ = [
    "APPS",
    "Actor",
    "Audience",
    "Context",
    "Happened",
    "TopicKind",
    "__version__",
    "aannounce",
    "action",
    "announce",
    "anotify",
    "apublish",
    "apublish_ephemeral",
    "arevoke",
    "command",
    "event",
    "handles",
    "job_progress",
    "notify",
    "on_event",
    "publish",
    "publish_ephemeral",
    "published",
    "publishes",
    "revoke",
    "topic_kind",
]


def __getattr__(name: str) -> Any:
    # Lazy, so that `import hubbub.protocol` needs neither Django nor its settings.
    if name in _HOME:
        return getattr(import_module(f"hubbub.{_HOME[name]}"), name)
    raise AttributeError(f"module 'hubbub' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
