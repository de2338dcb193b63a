"""Listening sockets: the port that was asked for, or the next free one."""

import socket

ATTEMPTS = 50


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket on `port` or the first free one after it.

    Raises:
        OSError: none of `ATTEMPTS` ports is free.
    """
    for candidate in range(port, port + ATTEMPTS):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
        except OSError:
            sock.close()
            continue
        sock.listen(2048)
        sock.setblocking(False)
        return sock
    raise OSError(f"no free port from {port} to {port + ATTEMPTS - 1} on {host}")


def port_of(sock: socket.socket) -> int:
    """Return the port a socket is bound to."""
    return int(sock.getsockname()[1])
