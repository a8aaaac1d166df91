"""Servers that save messages in rooms with members: hubbub's chat, and the consumer code that one usually finds."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client, Group, Pace, Plan, Speech, expects, sends
from benchmarks.processes import server_port
from benchmarks.servers.base import Running, Server
from benchmarks.servers.hubbub import HUBBUB
from tests.services import HOST, postgres_server, valkey_server

DATABASES = ("SQLite", "PostgreSQL")


class Saving(Server):
    """Its rooms are there from the beginning, and people are dealt out to them in turn; nobody else gets in."""

    def __init__(self, database: str, rooms: int) -> None:
        self._database = database
        self._rooms = rooms

    def members(self, running: Running, people: int) -> dict[str, list[Client]]:
        """Everybody, by room."""
        credentials = [running.credential() for _ in range(people)]
        names = [str(number + 1) for number in range(self._rooms)]
        return {
            name: [self.client(name, credential) for credential in credentials[number :: self._rooms]]
            for number, name in enumerate(names)
        }

    def plan(self, running: Running, pace: Pace, rooms: int, members: int, prefix: str = "") -> Plan:
        """As the base has it; ``rooms`` must be those that are there."""
        assert rooms == self._rooms
        return Plan(self.speech, [Group("all", pace, self.members(running, rooms * members))])

    def database(self, folder: Path) -> AbstractContextManager[str]:
        """Its URL. PostgreSQL runs on the core of the load, which is idle enough."""
        if self._database == "PostgreSQL":
            return postgres_server()
        return nullcontext(f"sqlite:///{folder / 'data.sqlite3'}")


class HubbubChat(Saving):
    key, name = HUBBUB.key, HUBBUB.name
    keeps_promise = True
    # With a client_id, as every client of ours sends: it costs a receipt.
    speech = Speech(
        publish='{"id":%N,"type":"chat.send","topic":"chat.%R","data":{"content":"%B","client_id":"%C-%T"}}',
        ack='"type":"reply","ok":{"message"',
        refusal='"type":"reply","error"',
        keep=('"epoch":"', '"offset":'),
        resume=(
            sends('{"id":1,"type":"subscribe","topic":"chat.%R","since":{"epoch":"%1","offset":%2}}'),
            expects('"recovered":true'),
        ),
    )

    def prepare(self) -> None:
        HUBBUB.prepare()

    def versions(self) -> dict[str, str]:
        return HUBBUB.versions()

    @contextmanager
    def running(self, folder: Path, people: int) -> Iterator[Running]:
        with (
            self.database(folder) as url,
            HUBBUB.running(folder, people, {"DATABASE_URL": url}, self._rooms) as running,
        ):
            yield running

    def client(self, room: str, credential: str) -> Client:
        subscribe = f'{{"id":0,"type":"subscribe","topic":"chat.{room}"}}'
        return Client("/ws/", f"Authorization: Bearer {credential}", (sends(subscribe), expects('"position"')))


class UsualChat(Saving):
    """The consumer that tutorials teach: save in a thread, then send to the group."""

    speech = Speech(publish='{"content":"%B","client_id":"%C-%T"}')

    def __init__(
        self,
        key: str,
        name: str,
        database: str,
        rooms: int,
        *,
        daphne: bool = False,
        stream: bool = False,
        keep: bool = False,
    ) -> None:
        """``daphne``: with channels_redis too, else uvicorn and the in-memory layer.

        ``stream``: with a stream row beside each message. ``keep``: with connections to the database that are kept,
        which Django by default does not.
        """
        super().__init__(database, rooms)
        self.key, self.name = key, name
        self._daphne = daphne
        self._settings = {"WITH_STREAM": "1" if stream else "", "KEEP_CONNECTIONS": "600" if keep else "0"}

    def prepare(self) -> None:
        home.peers_python()

    def versions(self) -> dict[str, str]:
        server = (
            ["daphne", "twisted", "channels_redis", "redis"] if self._daphne else ["uvicorn", "websockets", "uvloop"]
        )
        return home.python_versions(home.peers_python(), "Django", "channels", "psycopg", *server)

    @contextmanager
    def running(self, folder: Path, people: int) -> Iterator[Running]:
        port = server_port()
        if self._daphne:
            command = ["daphne", "--bind", HOST, "--port", str(port), "--verbosity", "0"]
        else:
            command = ["uvicorn", "--host", HOST, "--port", str(port), "--log-level", "warning"]
        folder.mkdir(parents=True, exist_ok=True)
        with self.database(folder) as database, valkey_server() if self._daphne else nullcontext("") as redis:
            env = {"PYTHONPATH": str(home.PEERS), "DATABASE_URL": database, "REDIS_URL": redis, **self._settings}
            cookies = self._make_people(env, people)
            command = [str(home.peers_python()), "-m", *command, "usual_chat.asgi:application"]
            with self.process(command, port, folder, env) as process:
                yield Running(process, cookies)

    def _make_people(self, env: Mapping[str, str], people: int) -> list[str]:
        """Their cookies. Raises Failed."""
        return home.run(
            "env", *(f"{name}={value}" for name, value in env.items()),
            home.peers_python(), "-m", "usual_chat.make_people", str(people), str(self._rooms),
        ).split()  # fmt: skip

    def client(self, room: str, credential: str) -> Client:
        return Client(f"/ws/chat/{room}/", f"Cookie: {credential}")


def savers(database: str, rooms: int) -> tuple[Saving, ...]:
    """hubbub first, then the usual code in several ways."""
    usual = partial(UsualChat, database=database, rooms=rooms)
    return (
        HubbubChat(database, rooms),
        usual("usual", "usual code, with a stream row", stream=True),
        usual("usual-kept", "the same, connections kept", stream=True, keep=True),
        usual("usual-plain", "usual code, no stream row"),
        usual("usual-plain-kept", "the same, connections kept", keep=True),
        usual("usual-daphne", "usual code, no stream row, Daphne and channels_redis", daphne=True),
    )
