"""``hubbub bench``: a load on a server that runs, and whether it kept its promise."""

import asyncio
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.core.management.base import BaseCommand, CommandError
from websockets.exceptions import WebSocketException

from hubbub.bench import people, scenarios
from hubbub.bench.checker import check
from hubbub.bench.figures import Figures, figures, table
from hubbub.bench.link import Refused
from hubbub.bench.memory import Memory
from hubbub.bench.run import Load, NotServed, allow_files, run
from hubbub.bench.scenarios import Scenario
from hubbub.chat.actions.conversations import MAX_PARTICIPANTS
from hubbub.django.conf import hubbub_settings
from hubbub.django.loopback import is_loopback

FAILED, MISUSED = 1, 2
OTHER_HOST = (
    "{host} is not this machine. A load takes a server's capacity from the people on it, and looks like an attack to "
    "whoever runs it; the accounts are made in the database that this environment names, which must be that server's. "
    "If both are yours, say so with --other-host."
)
OTHER_DATABASE = (
    "{error} The accounts were made in the database of this environment: run it with the server's own settings "
    "(DATABASE_URL, HUBBUB_DATA_DIR, SECRET_KEY), or name accounts with --tokens."
)


class Command(BaseCommand):
    help = (
        "Puts a load on a server that runs, and checks that no acknowledged message was lost, doubled or out of order. "
        "It makes accounts and groups in this environment's database, and removes them at the end. "
        "The exit code is 1 where the promise was broken, 2 where nothing could be measured."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000", help="Default: %(default)s.")
        known = ", ".join(scenarios.BY_KEY)
        parser.add_argument("--scenario", nargs="+", choices=scenarios.BY_KEY, metavar="NAME", help=f"Of {known}.")
        parser.add_argument("--clients", type=int, default=100, help="Default: %(default)s.")
        parser.add_argument("--room", type=int, default=50, help="Members of a group (default: %(default)s).")
        parser.add_argument("--rate", type=float, default=10.0, help="Messages a second in all (default: %(default)s).")
        parser.add_argument("--seconds", type=float, default=30.0, help="Of each scenario (default: %(default)s).")
        parser.add_argument("--tokens", type=Path, help="A file of access tokens, one a line: use these accounts.")
        parser.add_argument("--pid", type=int, help="The server's process: says how much memory it took.")
        parser.add_argument("--keep", action="store_true", help="Leave the accounts, groups and messages there.")
        parser.add_argument("--other-host", action="store_true", help="The server may be on another machine.")
        parser.add_argument("--json", action="store_true", help="Print the figures as JSON.")

    def handle(self, *, url: str, scenario: list[str] | None, **options: Any) -> None:
        socket_url = _socket_url(url, options["other_host"])
        _check(options)
        chosen = [each for each in scenarios.ALL if not scenario or each.key in scenario]
        allow_files()
        try:
            with self._people(socket_url, options) as there:
                found = [self._measure(each, there, options) for each in chosen]
        except NotServed as error:
            raise CommandError(str(error), returncode=MISUSED) from None
        except Refused as error:
            told = str(error) if options["tokens"] else OTHER_DATABASE.format(error=error)
            raise CommandError(told, returncode=MISUSED) from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise CommandError(f"{url} does not serve: {error}", returncode=MISUSED) from None
        self._show(found, as_json=options["json"])
        if not all(each.clean for each in found):
            raise CommandError("Acknowledged messages were lost, doubled or out of order.", returncode=FAILED)

    @contextmanager
    def _people(self, url: str, options: dict[str, Any]) -> Iterator[people.People]:
        tokens = options["tokens"].read_text().split() if options["tokens"] else []
        there: AbstractContextManager[people.People]
        if tokens:
            there = people.given(url, tokens, options["room"])
        else:
            asyncio.run(people.reach(url))
            self.stderr.write(f"Making {options['clients']} accounts.")
            there = people.made(url, options["clients"], options["room"], keep=options["keep"])
        with there as found:
            yield found
            if not options["keep"]:
                self.stderr.write("Removing what was made." if not tokens else "Leaving the groups.")

    def _measure(self, scenario: Scenario, there: people.People, options: dict[str, Any]) -> Figures:
        self.stderr.write(f"{scenario.key}: {scenario.text}")
        load = Load(options["rate"], options["seconds"])
        found = asyncio.run(run(scenario, load, there.members, Memory(options["pid"])))
        return figures(found, check(found.logs, there.stored(found.logs)))

    def _show(self, found: list[Figures], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([msgspec.to_builtins(each) for each in found], indent=2))
            return
        for line in table(found):
            self.stdout.write(line)
        for each in found:
            said = [f"{times} times {what}" for what, times in (each.refusals | each.errors).items()]
            if said:
                self.stdout.write(f"{each.scenario}: the server said {', '.join(said)}")
            for example in each.examples:
                self.stdout.write(self.style.ERROR(f"{each.scenario}: {example}"))


def _socket_url(url: str, other_host: bool) -> str:
    """The address of its sockets. Raises CommandError."""
    found = urlsplit(url if "//" in url else f"http://{url}")
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if found.scheme not in schemes or not found.hostname:
        raise CommandError(f"{url} is no address of a server: http://127.0.0.1:8000 is one.", returncode=MISUSED)
    if not is_loopback(found.hostname) and not other_host:
        raise CommandError(OTHER_HOST.format(host=found.hostname), returncode=MISUSED)
    path = found.path.strip("/")
    prefix = hubbub_settings().socket_prefix
    return f"{schemes[found.scheme]}://{found.netloc}/{f'{path}/' if path else ''}{prefix}"


def _check(options: dict[str, Any]) -> None:
    """Raises CommandError for what cannot be."""
    faults = []
    if not 2 <= options["room"] <= MAX_PARTICIPANTS:
        faults.append(f"--room must be from 2 to {MAX_PARTICIPANTS}: a group has no more people.")
    if options["clients"] < 2:
        faults.append("--clients must be 2 at least: somebody speaks, and somebody listens.")
    if options["rate"] <= 0 or options["seconds"] <= 0:
        faults.append("--rate and --seconds must be more than 0.")
    if options["tokens"] and not options["tokens"].is_file():
        faults.append(f"There is no file {options['tokens']}.")
    elif options["tokens"] and len(options["tokens"].read_text().split()) < 2:
        faults.append(f"{options['tokens']} must have two access tokens at least, one a line: `hubbub token NAME`.")
    if options["pid"] and not Path(f"/proc/{options['pid']}").exists():
        faults.append(f"There is no process {options['pid']} here.")
    if faults:
        raise CommandError("\n".join(faults), returncode=MISUSED)
