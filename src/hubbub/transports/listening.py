"""Where a server listens: an address, the path of a unix socket, or sockets that somebody else has opened for it."""

import errno
import os
import socket
import stat
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

BACKLOG = 2048
"""Connections that the kernel holds until somebody accepts them."""
UNSENT_BYTES = 16 * 1024
"""What the kernel holds for a client beside what is on its way. More waits where it is counted, and bounded: in the
outbox. Left to itself, Linux keeps 4 MB for each client that stopped reading, and takes ever longer over it."""
LOCK_SECONDS = 10.0
"""How long a server waits for another that begins to listen in the same folder."""
FIRST_PASSED = 3
"""The first descriptor that a service manager passes on (sd_listen_fds(3))."""


class CannotListen(Exception):
    """There is no listening there; the message says why, and what to do."""


@dataclass
class Listening:
    """Sockets that are bound, what people call them, and what is left of them at the end."""

    sockets: list[socket.socket]
    name: str
    """``http://127.0.0.1:8000/``, or the path of a unix socket."""
    lent: bool = False
    """Whether somebody else opened the sockets, and keeps them when this process has gone."""
    _file: tuple[str, int, int] | None = field(default=None, repr=False)
    """The path of a unix socket, with device and inode."""

    def __post_init__(self) -> None:
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            for each in self._internet:  # Connections inherit it from the listener that accepted them.
                with suppress(OSError):  # Not every protocol that is passed (SCTP, MPTCP) has it.
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        if not self.lent and (path := self.path):
            found = os.stat(path)
            self._file = path, found.st_dev, found.st_ino

    @property
    def _internet(self) -> list[socket.socket]:
        return [each for each in self.sockets if each.family in (socket.AF_INET, socket.AF_INET6)]

    @property
    def path(self) -> str:
        """Of the unix socket, the first of several; empty where there is none."""
        unix = getattr(socket, "AF_UNIX", None)
        return next((str(each.getsockname()) for each in self.sockets if each.family == unix), "")

    @property
    def hosts(self) -> list[str]:
        """The addresses; a unix socket has none."""
        return [str(each.getsockname()[0]) for each in self._internet]

    @property
    def url(self) -> str:
        """Of the first socket with an address; empty where there is none."""
        for each in self._internet:
            host, port = each.getsockname()[:2]
            return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        return ""

    def fileno(self) -> list[int]:
        """The descriptors, for another process that takes them over."""
        return [each.fileno() for each in self.sockets]

    def remove(self) -> None:
        """Remove the file of a unix socket, unless it is another server's by now.

        Before the socket is closed: the number of a file that is gone is soon another's.
        """
        if self._file is None:
            return
        (path, device, inode), self._file = self._file, None
        with suppress(OSError):
            found = os.stat(path)
            if (found.st_dev, found.st_ino) == (device, inode):
                os.unlink(path)


def listen_at(host: str, port: int) -> Listening:
    """Listen on every address that a name stands for. Raises CannotListen."""
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                sockets.append(socket.create_server((address[0], port), family=family, backlog=BACKLOG))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL or not sockets:
                    raise
            port = sockets[0].getsockname()[1]  # Where the system was to choose, the same for all.
    except OSError as error:
        for each in sockets:
            each.close()
        advice = " Is something else there? Try --port." if error.errno in (errno.EADDRINUSE, errno.EACCES) else ""
        # Not the error's own text, which repeats the address; one of the resolver has no number of the system's.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror
        raise CannotListen(f"Could not listen on {host}:{port}: {why}.{advice}") from None
    return Listening(sockets, f"http://{f'[{host}]' if ':' in host else host}:{port}/")


def listen_on_path(path: str, mode: int) -> Listening:
    """Listen on a unix socket of that mode; a file that a dead server has left is replaced.

    Raises CannotListen, also where a server listens there.
    """
    path = os.path.abspath(path)
    with _folder_of(path):
        return _listen_on_path(path, mode)


@contextmanager
def _folder_of(path: str) -> Iterator[None]:
    """Hold the lock of its folder: of several that begin at once, none takes another's file for one that was left."""
    import fcntl

    try:
        held = os.open(os.path.dirname(path), os.O_RDONLY)
    except OSError as error:
        raise CannotListen(f"Could not listen on {path}: {error.strerror}.") from None
    try:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise CannotListen(
                        f"Another server has been beginning to listen beside {path} for {LOCK_SECONDS:g} s."
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(held)


def _listen_on_path(path: str, mode: int) -> Listening:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Never, not for a moment, is it open to more than the mode says.
    before = os.umask(0o777 & ~mode)
    try:
        listener.bind(path)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        # "AF_UNIX path too long" is an OSError without a number.
        raise CannotListen(f"Could not listen on {path}: {error.strerror or error}.") from None
    finally:
        os.umask(before)
    return Listening([listener], path)


def _remove_stale(path: str) -> None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotListen(f"Could not listen on {path}: {error.strerror}.") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise CannotListen(f"{path} is there and is no socket. Name another path, or move the file away.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            with suppress(FileNotFoundError):
                os.unlink(path)
        except OSError as error:
            why = error.strerror or error
            raise CannotListen(f"Could not ask whether a server listens on {path}: {why}.") from None
        else:
            raise CannotListen(f"A server listens on {path} already.")


def listen_passed(descriptors: Sequence[int]) -> Listening:
    """Listen on sockets that are open already, and stay so for whoever has passed them. Raises CannotListen."""
    sockets: list[socket.socket] = []
    for descriptor in descriptors:
        try:
            passed = socket.socket(fileno=descriptor)
            if passed.type != socket.SOCK_STREAM:
                raise OSError(errno.ENOTSOCK, "it is no stream socket")
        except OSError as error:
            raise CannotListen(f"The file descriptor {descriptor} can't be listened on: {error.strerror}.") from None
        passed.set_inheritable(False)
        sockets.append(passed)
    lent = Listening(sockets, "", lent=True)
    lent.name = lent.url or lent.path
    return lent


def descriptors_of_manager(environ: MutableMapping[str, str]) -> list[int]:
    """What a service manager has passed to this process, systemd's way; its variables are taken out."""
    pid, count = environ.get("LISTEN_PID", ""), environ.get("LISTEN_FDS", "")
    if pid != str(os.getpid()) or not count.isdigit():
        return []
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environ.pop(name, None)
    return list(range(FIRST_PASSED, FIRST_PASSED + int(count)))


def tell_manager(environ: Mapping[str, str], state: str = "READY=1") -> None:
    """Tell the service manager how this process is, where one asks for it (sd_notify(3)). Never raises."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
        line.settimeout(1.0)
        line.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        line.send(state.encode())
