"""Where the app and the studio listen. The studio's addresses are literals: no file, variable or name can widen them."""

import errno
import socket
from collections.abc import Sequence
from contextlib import suppress

PORTS_TRIED = 50
BACKLOG = 2048

STUDIO_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))

_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class PortsTaken(OSError):
    """Every port that was tried is taken."""

    def __init__(self, first: int) -> None:
        super().__init__(errno.EADDRINUSE, f"ports {first} to {first + PORTS_TRIED - 1} are all taken")


def listen_app(host: str, port: int) -> socket.socket:
    """Return a listening socket on the first free port from `port` up; 0 lets the system choose.

    Connections wait in its backlog from this moment on, whether or not a process accepts them yet.

    Raises:
        PortsTaken: no port is free.
        OSError: `host` is no address of this machine.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return _first_free(((family, str(address[0])),), port)[0]


def listen_studio(port: int) -> list[socket.socket]:
    """Return listening sockets on 127.0.0.1 and, where the machine has it, ::1, both on one port from `port` up.

    Raises:
        PortsTaken: no port is free.
    """
    return _first_free(STUDIO_ADDRESSES, port)


def port_of(listener: socket.socket) -> int:
    """Return the port `listener` is bound to."""
    return int(listener.getsockname()[1])


def url_of(host: str, listener: socket.socket) -> str:
    """Return the URL a browser on this machine uses."""
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - looked up, never bound
    shown = wildcards.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port_of(listener)}"


def studio_hosts(port: int) -> frozenset[str]:
    """Return every `Host` value that means the studio."""
    return frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def _first_free(addresses: Sequence[tuple[int, str]], first: int) -> list[socket.socket]:
    for attempt in range(PORTS_TRIED):
        with suppress(_Busy):
            return _listen_all(addresses, first + attempt if first else 0)
    raise PortsTaken(first)


class _Busy(Exception):
    """One of the addresses has another listener on this port."""


def _listen_all(addresses: Sequence[tuple[int, str]], port: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for family, host in addresses:
            listeners.extend(_listen(family, host, port_of(listeners[0]) if listeners else port, bool(listeners)))
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _listen(family: int, host: str, port: int, optional: bool) -> list[socket.socket]:
    try:
        return [_bind(family, host, port)]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _Busy from None
        if optional and error.errno in _NO_SUCH_ADDRESS:
            return []
        raise


def _bind(family: int, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
