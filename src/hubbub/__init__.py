"""hubbub: the real-time layer for Django, and a complete chat server built on it.

``publish`` and ``publish_ephemeral`` are the two ways to make an event; see ``docs/SPEC.md``.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["APPS", "__version__", "publish", "publish_ephemeral"]

APPS = [
    "hubbub.django",
    "hubbub.accounts",
    "hubbub.chat",
    "hubbub.web",
    "rest_framework_simplejwt.token_blacklist",
]
"""What ``INSTALLED_APPS`` needs for all of hubbub, as its first entries: ``[*hubbub.APPS, ...]``.

A project that wants a part names that part's apps itself; ``hubbub.django`` is always one of them.
"""

if TYPE_CHECKING:
    from hubbub.django.publish import publish, publish_ephemeral


def __getattr__(name: str) -> Any:
    # Lazy, so that `import hubbub.protocol` needs neither Django nor its settings.
    if name in ("publish", "publish_ephemeral"):
        from hubbub.django import publish as module

        return getattr(module, name)
    raise AttributeError(f"module 'hubbub' has no attribute {name!r}")
