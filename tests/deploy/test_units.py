"""The units of `deploy/systemd`: what they run exists, they fit nginx, and they give little away."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from hubbub.django.serving import longest_stop
from tests.deploy.files import DEPLOY, NGINX, UNITS, commands, environment, unit
from tests.services import LiveServer

SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
PROGRAM = "/opt/hubbub/bin/hubbub"
EXPOSURE = 2.0
"""Of ten, as `systemd-analyze security` counts: the most that a service of ours may have."""
OWN = {
    *("Type", "ExecStart", "RuntimeDirectory", "RuntimeDirectoryMode", "Restart", "RestartSec", "ReadWritePaths"),
    *("TimeoutStopSec", "TimeoutStartSec", "LimitNOFILE"),
}
"""What a service may have of its own; the rest is the same for all."""


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_runs_exists(name: str) -> None:
    """As the command line that the unit has, `hubbub` would take it."""
    assert commands(name)
    for program, subcommand, *words in commands(name):
        assert program == PROGRAM
        parser = load_command_class(get_commands()[subcommand], subcommand).create_parser("hubbub", subcommand)
        parser.parse_args(words)  # ends the test where there is no such option


def lines_for_all(name: str) -> list[tuple[str, str]]:
    return [(key, value) for section, key, value in unit(name) if section == "Service" and key not in OWN]


def test_all_are_shut_in_alike() -> None:
    first, *others = [lines_for_all(name) for name in SERVICES]
    assert len(first) > 25
    for other in others:
        assert other == first


@pytest.mark.parametrize("name", [name for name in SERVICES if ("Service", "Type", "notify") in unit(name)])
def test_the_times_fit(name: str) -> None:
    """PRC-7, CLO-2: it is left the time that it takes, to migrate as well, and comes back whatever it ended by."""
    told = {key: value for _, key, value in unit(name)}
    assert int(told["TimeoutStopSec"].removesuffix("s")) > longest_stop()
    assert told["Restart"] == "always"
    migrates = "--no-migrate" not in told["ExecStart"]
    assert (told["TimeoutStartSec"] == "infinity") == migrates


def test_nginx_asks_where_they_listen() -> None:
    ((*_, path, _, mode),) = commands("hubbub@.service")
    asked = re.findall(r"server unix:(\S+) max_fails", NGINX.read_text())
    assert asked == [path.replace("%i", number) for number in ("1", "2")]
    assert mode == "660"
    told = {key: value for _, key, value in unit("hubbub@.service")}
    assert path == f"/run/{told['RuntimeDirectory']}/http.sock"
    listens = {key: value for _, key, value in unit("hubbub.socket")}
    assert listens["ListenStream"] in NGINX.read_text()
    assert f"/var/lib/{told['StateDirectory']}" == environment()["HUBBUB_DATA_DIR"]


def test_systemd_takes_them(tmp_path: Path) -> None:
    """`systemd-analyze verify` and `security`, where there is systemd."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze")
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace(PROGRAM, "/bin/true"))
    units = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    # What it says of other units is about this machine.
    assert done.returncode == 0 and "hubbub" not in done.stderr, done.stderr
    for name in SERVICES:
        where = str(tmp_path / name.replace("@", "@1"))
        if "@" in name:
            shutil.copy(tmp_path / name, where)
        done = subprocess.run(
            [analyze, "security", "--offline=true", where], capture_output=True, text=True, timeout=60
        )
        found = re.search(r"Overall exposure level for (\S+): ([\d.]+)", done.stdout)
        assert found, done.stdout + done.stderr
        print(f"{name}: exposure {found[2]} of 10")
        assert float(found[2]) <= EXPOSURE


def command_for_root(folder: Path, lines: str, code: str) -> subprocess.CompletedProcess[str]:
    """`deploy/bin/hubbub` with this environment file, as the user who runs this, on some Python code."""
    script = DEPLOY / "bin" / "hubbub"
    assert script.stat().st_mode & stat.S_IXUSR
    (folder / "hubbub.env").write_text(lines)
    program = folder / "program"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hubbub "$@"\n')
    program.chmod(0o700)
    text = script.read_text()
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    filled = {
        "< /etc/hubbub/hubbub.env": f"< {folder / 'hubbub.env'}",
        PROGRAM: str(program),
        "= hubbub ]": f"= {user} ]",
    }
    for there, here in filled.items():
        assert there in text
        text = text.replace(there, here)
    (folder / "hubbub").write_text(text)
    return subprocess.run(
        ["sh", str(folder / "hubbub"), "shell", "--no-imports", "-c", code],
        env=LiveServer._clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_commands_for_root(tmp_path: Path) -> None:
    """It runs a command with the service's environment; special characters come through, as with systemd."""
    env = environment(HUBBUB_DATA_DIR=str(tmp_path / "data"), DATABASE_URL="", REDIS_URL="") | {
        "DEFAULT_FROM_EMAIL": "'A $b \"c\" <d@example.org>'",
        "ALLOWED_HOSTS": '"chat.example.org, 127.0.0.1"  ',
        "HUBBUB_METRICS_TOKEN": "k3f9&J2mX;8sQz $(id) #Lp0w=7vTn'",
    }
    lines = ["; a mark", "# another", "", *(f"{name}={value}" for name, value in env.items() if value)]
    code = "import os; from django.conf import settings as s; print(s.DEBUG, s.DEFAULT_FROM_EMAIL)\n"
    done = command_for_root(
        tmp_path, "\n".join(lines), code + "print(*map(os.environ.get, ('ALLOWED_HOSTS', 'HUBBUB_METRICS_TOKEN')))"
    )
    assert done.stdout.splitlines() == [
        'False A $b "c" <d@example.org>',
        "chat.example.org, 127.0.0.1 k3f9&J2mX;8sQz $(id) #Lp0w=7vTn'",
    ], done.stderr


def test_what_is_not_read_as_systemd_would_is_refused(tmp_path: Path) -> None:
    done = command_for_root(tmp_path, "SECRET_KEY=a\\ b\n", "")
    assert done.returncode == 1
    assert "put the value of SECRET_KEY, which has a \\, between ' and '" in done.stderr
