"""What must be exact over all processes is kept in Redis, where ``HUBBUB_REDIS_URL`` names one (decision 0022).

These are counts of what is rare and tried by attackers: sign-ins, registrations, mails, tickets. While Redis is away
each process counts for itself, as it does without one. Called from threads only: views, and checks of credentials.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from hubbub.engine.limits import Rate
from hubbub.layers.urls import split_urls

logger = logging.getLogger("hubbub.shared")

T = TypeVar("T")

ANSWER_SECONDS = 0.5
"""How long Redis may take to connect, and to answer."""
RETRY_SECONDS = 2.0
"""How long Redis is left alone after it has failed: nobody who signs in waits for it again and again."""

# A bucket as in hubbub.engine.limits, on the clock of the server: those of several machines may differ. A negative
# cost gives back. Redis runs a script as a whole, so two processes never take the same token.
_TAKE = """
local most, seconds, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local found = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(found[1]) or most, tonumber(found[2]) or now
tokens = math.min(most, tokens + math.max(0, now - at) * most / seconds)
local wait = 0
if tokens > cost - 1e-6 then
  tokens = math.min(most, tokens - cost)
else
  wait = (cost - tokens) * seconds / most
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(seconds * 1000))
return string.format('%.6f', wait)
"""

# As SET with NX, but who says it again, having heard no answer, is known by the value. (In one command only since 7.0.)
_FIRST = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then
  return 1
end
return 0
"""


class Shared:
    """What all processes know together. For any thread."""

    def __init__(self, url: str, prefix: str = "hubbub") -> None:
        from redis.exceptions import RedisClusterException, RedisError

        self._errors = (RedisError, RedisClusterException)
        self._url = url
        self._made: Any = None
        self._prefix = prefix
        self._lock = threading.Lock()
        self._away_until: float | None = None

    @property
    def _redis(self) -> Any:
        """The client, made when it is first needed: that of a cluster connects at once."""
        if self._made is None:
            self._made = client(self._url)
        return self._made

    def take(self, limit: str, key: str, rate: Rate, cost: float = 1.0) -> float | None:
        """Take from a bucket; 0, or the seconds to wait. None where Redis is away.

        A negative ``cost`` gives back.
        """
        name = f"{self._prefix}:limit:{limit}:{digest(key)}"
        return self._ask(lambda: float(self._redis.eval(_TAKE, 1, name, rate.count, rate.seconds, cost)))

    def first(self, names: Sequence[str], seconds: float) -> list[bool] | None:
        """For each name whether nobody has said it for so long; from now on somebody has. None where Redis is away."""

        milliseconds, call = max(1, round(seconds * 1000)), secrets.token_hex(8)

        def ask() -> list[bool]:
            with self._redis.pipeline(transaction=False) as pipeline:
                for number, name in enumerate(names):
                    key = f"{self._prefix}:once:{digest(name)}"
                    # A cluster's pipeline has no ``eval``.
                    pipeline.execute_command("EVAL", _FIRST, 1, key, f"{call}.{number}", milliseconds)
                return [bool(answer) for answer in pipeline.execute()]

        return self._ask(ask)

    def _ask(self, question: Callable[[], T]) -> T | None:
        away_until = self._away_until
        if away_until is not None and time.monotonic() < away_until:
            return None
        try:
            answer = question()
        except self._errors as error:
            self._failed(error)
            return None
        self._answered()
        return answer

    def _failed(self, error: Exception) -> None:
        with self._lock:
            said, self._away_until = self._away_until is not None, time.monotonic() + RETRY_SECONDS
        if not said:
            logger.warning(
                "Redis is away: %s. Sign-ins and tickets are counted by each process for itself meanwhile.",
                str(error).rstrip("."),
            )

    def _answered(self) -> None:
        with self._lock:
            was_away, self._away_until = self._away_until is not None, None
        if was_away:
            logger.warning("Redis is back: sign-ins and tickets are counted over all processes again.")


def client(urls: str) -> Any:
    """A client of the first server that is named, in any form that the layer takes (``hubbub.layers.redis.hosts``).

    Raises ImproperlyConfigured for a URL that is none, and redis-py's errors where a cluster does not answer.
    """
    from hubbub.layers.redis.blocking import blocking_client
    from hubbub.layers.redis.hosts import read_hosts

    return blocking_client(read_hosts(split_urls(urls)[:1])[0], ANSWER_SECONDS)


def digest(text: str) -> str:
    """A key of bounded length that says nothing of whose it is."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def shared() -> Shared | None:
    """What all processes know together; None where there is no Redis to keep it."""
    url = getattr(django_settings, "HUBBUB_REDIS_URL", "")
    return Shared(url, getattr(django_settings, "HUBBUB_REDIS_PREFIX", "hubbub")) if url else None


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "HUBBUB_REDIS_URL":
        shared.cache_clear()


setting_changed.connect(_forget, dispatch_uid="hubbub.shared")
