"""How a child takes connections, and how it gives them away without cutting one.

Rules for the next editor
    Accepting stops before anything is given away, and what was accepted by then is waited for. A connection is idle when
    no byte of a request has been read that has not been answered in full; only idle ones travel. Nothing awaits between
    the last look at a connection and its leaving.

Theory of operation
    All children inherit one listening socket and both ends of one socket pair, the lobby. A child that leaves sends the
    descriptors of its idle connections into the lobby (SCM_RIGHTS); a child that serves takes them out. While nobody
    serves, new connections wait in the backlog and old ones in the lobby. Bytes that a client sends meanwhile wait in
    the kernel, so it notices nothing: there is no moment in which a keep-alive connection is closed under a request.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ACCEPTS_PER_TURN = 16
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
EXHAUSTED_PAUSE_S = 0.2


class Lobby(NamedTuple):
    """Where idle connections wait between two children: `give` is written, `take` is read."""

    give: socket.socket
    take: socket.socket

    @classmethod
    def open(cls) -> "Lobby":
        """Return an empty one; both ends never block."""
        give, take = socket.socketpair()
        give.setblocking(False)
        take.setblocking(False)
        return cls(give, take)

    def close(self) -> None:
        """Close both ends, and with them every connection that still waits."""
        self.give.close()
        self.take.close()


class Connection(HttpToolsProtocol):
    """An HTTP connection that knows whether it is between two requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unanswered = 0
        self._in_request = False
        self._lobby: Lobby | None = None

    @property
    def idle(self) -> bool:
        """True where every byte read belongs to a request that was answered in full."""
        unsent = self.transport.get_write_buffer_size()
        return not (self._unanswered or self._in_request or unsent or self.transport.is_closing())

    def on_message_begin(self) -> None:
        """A request begins."""
        self._unanswered += 1
        self._in_request = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The request was read to its end."""
        super().on_message_complete()
        self._in_request = False

    def on_response_complete(self) -> None:
        """The answer was written to its end."""
        self._unanswered -= 1
        super().on_response_complete()
        if self._lobby is not None:
            self.loop.call_soon(self.hand_over, self._lobby)

    def hand_over(self, lobby: Lobby) -> None:
        """Put the connection into `lobby` and let go of it: now where it is idle and there is room, else once it is."""
        self._lobby = lobby
        if not self.idle:
            return
        self.transport.pause_reading()
        try:
            socket.send_fds(lobby.give, [b"c"], [self.transport.get_extra_info("socket").fileno()])
        except BlockingIOError:
            self.transport.resume_reading()
        else:
            self.transport.abort()


class Acceptor:
    """Takes connections off `listener` and out of `lobby`, while it is started."""

    def __init__(self, listener: socket.socket, lobby: Lobby, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._lobby = lobby
        self._protocol = protocol
        self._arriving: set[asyncio.Task[Any]] = set()
        self._resumption: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        self._loop.add_reader(self._listener, self._accept)
        self._loop.add_reader(self._lobby.take, self._adopt)

    async def stop(self) -> None:
        """Take no more; return when every connection taken so far has its protocol."""
        self._loop.remove_reader(self._listener)
        self._loop.remove_reader(self._lobby.take)
        if self._resumption is not None:
            self._resumption.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                self._pause()
                return
            self._connect(sock)

    def _adopt(self) -> None:
        with suppress(BlockingIOError):
            _, descriptors, _, _ = socket.recv_fds(self._lobby.take, 1, 1)
            for descriptor in descriptors:
                self._connect(socket.socket(fileno=descriptor))

    def _connect(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, sock))
        self._arriving.add(task)
        task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[Any]) -> None:
        self._arriving.discard(task)
        if not task.cancelled():
            task.exception()  # a peer that is gone already is nobody's problem

    def _pause(self) -> None:
        """Leave connections in the backlog while there is no descriptor for them."""
        self._loop.remove_reader(self._listener)
        self._resumption = self._loop.call_later(EXHAUSTED_PAUSE_S, self._loop.add_reader, self._listener, self._accept)
