"""Where the servers are, as ``CHANNEL_LAYERS`` says it: every form that channels_redis takes, and two more URLs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.connection import (
    AbstractConnection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 5.0
PORT = 6379
SENTINEL_PORT = 26379

UNREADABLE = (
    "The URL of a Redis layer cannot be read. Percent-encode what is special in the password: / is %2F, # is %23."
)


@dataclass(frozen=True)
class Host:
    """One server, or the Sentinels that know where it is; ``cluster`` where it is one node of a Redis Cluster.

    ``name`` is host and port, or what stands for them, without a password: for logs and for sharding.
    """

    name: str
    options: Mapping[str, Any] = field(repr=False)
    cluster: bool = False

    @property
    def connect_seconds(self) -> float:
        """How long connecting may take: ``socket_connect_timeout`` of the host."""
        return float(self.options.get("socket_connect_timeout") or CONNECT_SECONDS)

    @property
    def answer_seconds(self) -> float:
        """How long an answer may take: ``socket_timeout`` of the host."""
        return float(self.options.get("socket_timeout") or ANSWER_SECONDS)

    def at(self, host: str, port: int) -> "Host":
        """Another node of the same cluster, reached in the same way."""
        return Host(f"{host}:{port}", {**self.options, "host": host, "port": port}, cluster=True)

    def source(self) -> "Source":
        """Makes connections, for one event loop."""
        return Source(self)


class Source:
    """Connections to one host. redis-py knows how: TLS, credentials, unix sockets, Sentinel."""

    def __init__(self, host: Host) -> None:
        options = dict(host.options) | {
            # Subscriptions and answers come by connections of their own, so the older protocol is all that is needed.
            "protocol": 2,
            "decode_responses": False,
            # Time limits are kept, and tries repeated, where it is known what is waited for.
            "socket_timeout": None,
            "socket_connect_timeout": host.connect_seconds,
            "health_check_interval": 0,
            "retry": None,
        }
        self._sentinel: Sentinel | None = None
        self._pool: ConnectionPool
        if (sentinels := options.pop("sentinels", None)) is not None:
            limits = {"socket_timeout": host.connect_seconds, "socket_connect_timeout": host.connect_seconds}
            self._sentinel = Sentinel(sentinels, sentinel_kwargs=limits | (options.pop("sentinel_kwargs", None) or {}))
            self._pool = SentinelConnectionPool(options.pop("master_name"), self._sentinel, **options)
        else:
            self._pool = ConnectionPool(**options)

    def make(self) -> AbstractConnection:
        """A connection that is not connected yet."""
        connection: AbstractConnection = self._pool.make_connection()
        return connection

    async def close(self) -> None:
        """Close what was opened to find the host. The connections belong to who made them."""
        if self._sentinel is not None:
            for client in self._sentinel.sentinels:
                await client.aclose()


def read_hosts(hosts: Sequence[Any] | None, *, cluster: bool = False) -> list[Host]:
    """The hosts of the ``hosts`` option: URLs, ``(host, port)`` or dicts of redis-py's connection options.

    A dict may have an ``address`` (a URL), or ``sentinels``, ``master_name`` and ``sentinel_kwargs``. Raises
    ImproperlyConfigured for what is none of these, for one that comes twice, and for a cluster that is not alone.
    """
    if isinstance(hosts, str | bytes | Mapping):
        raise ImproperlyConfigured("hosts of a Redis layer is a list, even of one: ['redis://localhost:6379'].")
    found = [_read(host, cluster) for host in hosts or ["redis://localhost:6379"]]
    names = [host.name for host in found]
    if len(set(names)) < len(names):
        raise ImproperlyConfigured(f"hosts of a Redis layer has one twice: {', '.join(names)}.")
    if len(found) > 1 and any(host.cluster for host in found):
        raise ImproperlyConfigured("A Redis Cluster is one host of the layer: any of its nodes knows the others.")
    return found


def _read(host: Any, cluster: bool) -> Host:
    if isinstance(host, str):
        return _of_url(host, {}, cluster)
    if isinstance(host, Mapping):
        options = dict(host)
        if isinstance(address := options.pop("address", None), str):
            return _of_url(address, options, cluster)
        if "sentinels" in options:
            return _of_sentinels(options)
        return _of_options(options, cluster)
    if isinstance(host, Sequence) and len(host) == 2:
        return _of_options({"host": host[0], "port": int(host[1])}, cluster)
    raise ImproperlyConfigured(
        f"A {type(host).__name__} is no host of a Redis layer. Write a URL, ('host', port), or a dict of connection "
        "options."
    )


def _of_url(url: str, options: dict[str, Any], cluster: bool) -> Host:
    parts = urlsplit(url)
    scheme, _, kind = parts.scheme.partition("+")
    scheme = {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme)
    if scheme not in ("redis", "rediss", "unix") or kind not in ("", "cluster", "sentinel"):
        # The URL itself may hold a password.
        raise ImproperlyConfigured(
            "The URL of a Redis layer begins with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://, "
            f"and this one with {url.partition('//')[0]!r}."
        )
    credentials, _, at = parts.netloc.rpartition("@")
    if kind == "sentinel":
        # Several hosts, and a name for the path: the rest is as in any URL.
        master, _, database = parts.path.strip("/").partition("/")
        parts = parts._replace(netloc=f"{credentials}@" if credentials else "", path=f"/{database}")
        options |= {"master_name": master, "sentinels": [_address(each) for each in at.split(",") if each]}
        options |= {"ssl": True} if scheme == "rediss" else {}
    try:
        found: dict[str, Any] = {**parse_url(parts._replace(scheme=scheme).geturl())}
    except ValueError:
        # Not the error itself: what cannot be read may be a part of the password.
        raise ImproperlyConfigured(UNREADABLE) from None
    if kind == "sentinel":
        found.pop("connection_class", None)
        return _of_sentinels(options | found)
    return _of_options(options | found, cluster or kind == "cluster")


def _address(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        return parts.hostname or "", parts.port or SENTINEL_PORT
    except ValueError:
        raise ImproperlyConfigured(UNREADABLE) from None


def _of_sentinels(options: dict[str, Any]) -> Host:
    sentinels = [(str(host), int(port)) for host, port in options["sentinels"]]
    if not sentinels or not options.get("master_name"):
        raise ImproperlyConfigured(
            "Sentinels are given with the name of their master: redis+sentinel://host:26379,other:26379/master-name."
        )
    at = ",".join(f"{host}:{port}" for host, port in sentinels)
    return Host(_with_database(f"{options['master_name']} of {at}", options), options | {"sentinels": sentinels})


def _of_options(options: dict[str, Any], cluster: bool) -> Host:
    if "path" in options:
        options["connection_class"] = UnixDomainSocketConnection
        return Host(_with_database(str(options["path"]), options), options)
    # A pool, unlike a client, does not know ``ssl``.
    if options.pop("ssl", False):
        options["connection_class"] = SSLConnection
    options = {"host": "localhost", "port": PORT} | options
    return Host(_with_database(f"{options['host']}:{options['port']}", options), options, cluster)


def _with_database(name: str, options: Mapping[str, Any]) -> str:
    return f"{name}/{options['db']}" if options.get("db") else name
