"""Serving the app in a child: lifespan, connections, and leaving without cutting anyone off."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn

from studio.events import Drain
from studio.processes.connections import Acceptor, Connection, Lobby

DEFAULT_GRACE_S = 5.0
LOOK_S = 0.01
TICK_S = 1.0


class ChildServer(uvicorn.Server):
    """A uvicorn server on inherited sockets, which gives its idle connections to the child after it.

    Args:
        on_ready: told the milliseconds that the lifespan took, once connections are taken.
        on_parted: told when no more are taken.
    """

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        lobby: Lobby,
        on_ready: Callable[[float], None],
        on_parted: Callable[[], None],
    ) -> None:
        http = cast("type[asyncio.Protocol]", Connection)
        super().__init__(uvicorn.Config(app, http=http, log_level="warning", access_log=False, lifespan="auto"))
        self._listener = listener
        self._lobby = lobby
        self._on_ready = on_ready
        self._on_parted = on_parted
        self._leaving = asyncio.Event()
        self._drain = Drain(grace_s=DEFAULT_GRACE_S, hand_over=False)

    def leave(self, drain: Drain) -> None:
        """Stop accepting, finish what is running as `drain` says, then return from `serve`."""
        self._drain = drain
        self.should_exit = True
        self._leaving.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the lifespan, take connections, say so."""
        began = time.perf_counter()
        await super().startup(sockets=[])
        await self.on_tick(0)  # the date header, before the first answer
        protocol = partial(
            Connection, config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        self._acceptor = Acceptor(self._listener, self._lobby, protocol)
        self._acceptor.start()
        self._on_ready((time.perf_counter() - began) * 1000)

    async def main_loop(self) -> None:
        """Wait until told to leave."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, give idle connections away, wait for the rest within the grace, end the lifespan."""
        await self._acceptor.stop()
        self._on_parted()
        for connection in self._connections():
            if not (isinstance(connection, Connection) and self._drain.hand_over):
                connection.shutdown()
        deadline = asyncio.get_running_loop().time() + self._drain.grace_s
        while self._part() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - no one event tells
            await asyncio.sleep(LOOK_S)
        await self._cut()
        await self.lifespan.shutdown()

    def _part(self) -> bool:
        """Give away what has nothing left to answer; return whether anything is left."""
        if self._drain.hand_over:
            for connection in self._connections():
                if isinstance(connection, Connection):
                    connection.hand_over(self._lobby)
        return bool(self.server_state.connections or self.server_state.tasks)

    def _connections(self) -> list[Any]:
        return list(self.server_state.connections)

    async def _cut(self) -> None:
        """End what outlasted the grace: long streams, mostly."""
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=0.5)
        for connection in self._connections():
            connection.transport.close()
        await asyncio.sleep(0)
