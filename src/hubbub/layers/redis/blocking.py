"""A client for threads, of the same servers as a layer's."""

from typing import Any

from redis import ConnectionPool, Redis, RedisCluster, Sentinel
from redis import connection as blocking
from redis.asyncio import connection as waiting
from redis.backoff import NoBackoff
from redis.retry import Retry

from hubbub.layers.redis.hosts import Host

_KINDS = {
    waiting.SSLConnection: blocking.SSLConnection,
    waiting.UnixDomainSocketConnection: blocking.UnixDomainSocketConnection,
}


def blocking_client(host: Host, seconds: float) -> Any:
    """redis-py's client of this host, which gives up after so many seconds, for connecting and for an answer.

    One of a cluster connects at once, and raises redis-py's errors.
    """
    options: dict[str, Any] = dict(host.options)
    if (kind := options.pop("connection_class", None)) is not None:
        options["connection_class"] = _KINDS.get(kind, kind)
    limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    # Tried once more: a connection that nobody has used for a while may have been cut.
    options |= limits | {"retry": Retry(NoBackoff(), 1)}
    if host.cluster:
        # It makes clients of its nodes, which say otherwise than a pool what a connection is.
        options["ssl"] = options.pop("connection_class", None) is blocking.SSLConnection
        if options.get("db") == 0:
            del options["db"]  # There is no other, and even this one can't be named.
        return RedisCluster(**options)
    if (sentinels := options.pop("sentinels", None)) is not None:
        master, asked = options.pop("master_name"), (options.pop("sentinel_kwargs", None) or {}) | limits
        found: Any = Sentinel(sentinels, sentinel_kwargs=asked, **options)
        return found.master_for(master)
    return Redis(connection_pool=ConnectionPool(**options))
