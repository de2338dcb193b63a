"""Listening sockets: the port that was asked for, or the next free one; the loopback in both families."""

import errno
import socket
from collections.abc import Callable, Sequence

ATTEMPTS = 50
BACKLOG = 2048
LOOPBACK = "127.0.0.1"
LOOPBACK6 = "::1"
_NO_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket on `port` or the first free one after it; port 0 takes any.

    Raises:
        OSError: none of `ATTEMPTS` ports is free, or `host` is no address of this machine.
    """
    return _first_free(port, host, lambda candidate: [_bound(host, candidate)])[0]


def listen_on_loopback(port: int) -> list[socket.socket]:
    """Return sockets on 127.0.0.1 and, where there is IPv6, ::1, both on `port` or the first one free in both.

    Raises:
        OSError: none of `ATTEMPTS` ports is free.
    """
    return _first_free(port, "the loopback interface", _both_loopbacks)


def port_of(sock: socket.socket) -> int:
    """Return the port a socket is bound to."""
    return int(sock.getsockname()[1])


def _first_free(port: int, where: str, bind: Callable[[int], list[socket.socket]]) -> list[socket.socket]:
    candidates: Sequence[int] = range(port, min(port + ATTEMPTS, 65536)) if port else [0] * ATTEMPTS
    for candidate in candidates:
        try:
            return bind(candidate)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise OSError(f"no free port from {port} to {port + ATTEMPTS - 1} on {where}")


def _both_loopbacks(port: int) -> list[socket.socket]:
    first = _bound(LOOPBACK, port)
    try:
        return [first, _bound(LOOPBACK6, port_of(first))]
    except OSError as error:
        if error.errno in _NO_FAMILY:
            return [first]
        first.close()
        raise


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
