"""What several hubbub processes on one PostgreSQL and one Valkey use, by what they have to do."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psycopg
import redis

from benchmarks import machine
from benchmarks.processes import Failed, Process, server_port
from benchmarks.servers import HUBBUB
from benchmarks.servers.hubbub import ENVIRONMENT
from hubbub.bench.checker import as_seen, check
from hubbub.bench.client import Client
from hubbub.bench.memory import Memory
from hubbub.bench.run import Load, Member, NotServed, run
from hubbub.bench.scenarios import BY_KEY
from tests.services import HOST, postgres_server, valkey_server

WARM_SECONDS = 3.0
SECONDS = 15.0


class Shape(msgspec.Struct, frozen=True):
    """So many processes, rooms, and messages a second in all."""

    processes: int
    rooms: int
    members: int
    """Of each room."""
    rate: float
    together: bool = False
    """Whether all members of a room are in one process; else they are spread evenly over all."""

    @property
    def connections(self) -> int:
        return self.rooms * self.members


class Used(msgspec.Struct):
    """What it took a second, of all processes together."""

    messages: float
    """Acknowledged."""
    cpu: float
    """Seconds of processor, of the hubbub processes."""
    valkey_cpu: float
    postgres_cpu: float
    layer_in: float
    """Bytes that Valkey was sent."""
    layer_out: float
    """Bytes that Valkey has sent."""
    rows: float
    """Inserted and updated."""


@dataclass
class Cluster:
    processes: list[Process]
    tokens: list[str]
    redis_url: str
    database_url: str

    def members(self, shape: Shape) -> list[Member]:
        """Dealt out to the rooms as `bench_people` has it."""

        def member(number: int, token: str) -> Member:
            place, room = divmod(number, shape.rooms)
            process = self.processes[(room if shape.together else place) % shape.processes]
            return Member(str(number), f"ws://{HOST}:{process.port}/ws/", token, f"chat.{room + 1}")

        return [member(number, token) for number, token in enumerate(self.tokens)]

    def totals(self, backends: Sequence[int]) -> Used:
        """Since they began, but for ``messages``. ``backends``: pids of PostgreSQL's processes."""
        with redis.Redis.from_url(self.redis_url) as valkey:
            said = valkey.info()
        with psycopg.connect(self.database_url, autocommit=True) as database:
            written = database.execute(
                "SELECT tup_inserted + tup_updated FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        assert written is not None
        return Used(
            messages=0,
            cpu=sum(process.cpu_seconds() for process in self.processes),
            valkey_cpu=said["used_cpu_sys"] + said["used_cpu_user"],
            postgres_cpu=sum(_cpu_seconds(pid) for pid in backends),
            layer_in=said["total_net_input_bytes"],
            layer_out=said["total_net_output_bytes"],
            rows=float(written[0]),
        )

    def backends(self) -> list[int]:
        with psycopg.connect(self.database_url, autocommit=True) as database:
            return [pid for (pid,) in database.execute("SELECT pid FROM pg_stat_activity")]


def _cpu_seconds(pid: int) -> float:
    try:
        return machine.cpu_seconds(pid)
    except OSError:
        return 0.0


@contextmanager
def cluster(folder: Path, shape: Shape) -> Iterator[Cluster]:
    """Real servers, all on the core of the servers. Raises Failed."""
    with ExitStack() as stack:
        redis_url, database_url = stack.enter_context(valkey_server()), stack.enter_context(postgres_server())
        folder.mkdir(parents=True, exist_ok=True)
        environment = ENVIRONMENT | {
            "HUBBUB_DATA_DIR": str(folder / "data"), "REDIS_URL": redis_url, "DATABASE_URL": database_url,
        }  # fmt: skip
        made = HUBBUB.manage(environment, "bench_people", str(shape.connections), f"--groups={shape.rooms}")
        processes = []
        for number in range(shape.processes):
            port = server_port()
            started = HUBBUB.serving(environment, port, folder / f"process-{number}")
            processes.append(stack.enter_context(started))
        yield Cluster(processes, made.split(), redis_url, database_url)


def measure(shape: Shape, folder: Path) -> Used:
    """Let messages flow, and see what it takes. Raises Failed, also where one was lost or doubled."""
    with cluster(folder, shape) as servers:
        found: list[Used] = []
        times: list[float] = []

        async def trouble(clients: Sequence[Client], seconds: float) -> None:
            await asyncio.sleep(WARM_SECONDS)
            backends = await asyncio.to_thread(servers.backends)
            for wait in (seconds, 0):
                totals = await asyncio.to_thread(servers.totals, backends)
                totals.messages = sum(len(client.log.acks) for client in clients)
                times.append(time.monotonic())
                found.append(totals)
                await asyncio.sleep(wait)

        scenario = replace(BY_KEY["steady"], trouble=trouble)
        try:
            done = asyncio.run(run(scenario, Load(shape.rate, SECONDS), servers.members(shape), Memory(None)))
        except NotServed as error:
            raise Failed(str(error)) from None
        verdict = check(done.logs, as_seen(done.logs))
        if not verdict.clean:
            raise Failed(str(verdict))
    (before, after), (began, ended) = found, times
    names = Used.__struct_fields__
    return Used(**{name: (getattr(after, name) - getattr(before, name)) / (ended - began) for name in names})
