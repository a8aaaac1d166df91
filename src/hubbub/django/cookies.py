"""Whom Django's session cookies belong to, many at once.

As ``django.contrib.auth.get_user`` finds it, but nothing is written: that one gives the session another key after a
change of ``SECRET_KEY``, and ends it after one of the password. A handshake has no way to tell a browser of it.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import constant_time_compare


class Session(Protocol):
    def get(self, key: str, default: Any = None) -> Any: ...


def users_of_sessions(keys: Iterable[str]) -> dict[str, tuple[Any, Session]]:
    """The user and the session of each session key that is good.

    Two queries for all where sessions and users are where Django has them by default, else two for each.
    """
    sessions = _sessions(sorted({key for key in keys if "\0" not in key}))  # PostgreSQL would fail.
    named = {key: name for key, session in sessions.items() if (name := _user_named_by(session))}
    users = _users(set(named.values()))
    found = {key: (users.get(name), sessions[key]) for key, name in named.items()}
    return {key: (user, session) for key, (user, session) in found.items() if user and _goes_on(user, session)}


def _sessions(keys: list[str]) -> dict[str, Session]:
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    if not _inherits(store, DatabaseStore, "load", "_get_session_from_db"):
        return {key: store(key) for key in keys}
    rows = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return {key: store(key).decode(data) for key, data in rows.values_list("session_key", "session_data")}


def _user_named_by(session: Session) -> tuple[str, Any] | None:
    """The authentication backend and the key of the user whom a session is of."""
    path, written = session.get(BACKEND_SESSION_KEY), session.get(SESSION_KEY)
    if path not in django_settings.AUTHENTICATION_BACKENDS or written is None:
        return None
    try:
        return path, get_user_model()._meta.pk.to_python(written)
    except ValidationError:  # Of another user model.
        return None


def _users(named: set[tuple[str, Any]]) -> dict[tuple[str, Any], Any]:
    found: dict[tuple[str, Any], Any] = {}
    for path in {path for path, _ in named}:
        backend: Any = load_backend(path)
        keys = [key for its_path, key in named if its_path == path]
        if _inherits(type(backend), ModelBackend, "get_user"):
            users = get_user_model()._default_manager.in_bulk(keys).items()
            found |= {(path, key): user for key, user in users if backend.user_can_authenticate(user)}
        else:
            found |= {(path, key): user for key in keys if (user := backend.get_user(key)) is not None}
    return found


def _inherits(kind: type, base: type, *methods: str) -> bool:
    """Whether a class has these methods from ``base``, so that what they do can be done for many at once."""
    return all(getattr(kind, method, None) is getattr(base, method) for method in methods)


def _goes_on(user: Any, session: Session) -> bool:
    """Whether the session is of the user's present password."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    kept = session.get(HASH_SESSION_KEY) or ""
    if constant_time_compare(kept, user.get_session_auth_hash()):
        return True
    return any(constant_time_compare(kept, fallback) for fallback in user.get_session_auth_fallback_hash())
