"""How a compiled app serves on the inherited socket, and how it leaves without cutting anybody off."""

import asyncio
import logging
import math
import os
import socket
import time
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.events import Drain, Ready, encode, receive

ORPHAN_EXIT_S = 1.0
FIRST_REQUEST_S = 0.5
POLL_S = 0.01


class StartupFailed(Exception):
    """The app's lifespan did not start; `__cause__` is what it raised, where it raised."""


class _Lifespan:
    """The app, with what its lifespan raises or reports kept for the failure."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.error: BaseException | None = None
        self.message = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return await self._app(scope, receive, send)
        try:
            await self._app(scope, receive, self._heard(send))
        except BaseException as error:
            self.error = error
            raise

    def _heard(self, send: Send) -> Send:
        async def heard(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                self.message = message.get("message", "")
            await send(message)

        return heard


class ChildServer(uvicorn.Server):
    """A server that says when it accepts, and stops accepting before it closes anything."""

    def __init__(self, app: ASGIApp, control: socket.socket) -> None:
        self._lifespan_app = _Lifespan(app)
        super().__init__(uvicorn.Config(self._lifespan_app, lifespan="auto", log_level="warning", server_header=False))
        logging.getLogger("uvicorn.access").setLevel(logging.INFO)
        self._control = control
        self._began_s = time.perf_counter()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the lifespan, start accepting and say so.

        Raises:
            StartupFailed: the lifespan did not start.
        """
        log = logging.getLogger("uvicorn.error")
        log.disabled = True  # the supervisor shows the failure, once
        try:
            await super().startup(sockets)
        except SystemExit:
            raise StartupFailed(self._lifespan_app.message) from self._lifespan_app.error
        finally:
            log.disabled = False
        elapsed_ms = (time.perf_counter() - self._began_s) * 1000
        await asyncio.get_running_loop().sock_sendall(self._control, encode(Ready(startup_ms=elapsed_ms)))

    async def obey(self, reader: asyncio.StreamReader) -> None:
        """Follow the supervisor until it says `Drain` or is gone."""
        while (message := await receive(reader)) is not None:
            if isinstance(message, Drain):
                return await self.drain(message.grace_s)
        asyncio.get_running_loop().call_later(ORPHAN_EXIT_S, os._exit, 0)
        self.should_exit = self.force_exit = True

    async def drain(self, grace_s: float) -> None:
        """Stop accepting, tell the supervisor by closing our side, and have the server finish within `grace_s`."""
        await self._stop_accepting()
        self._control.shutdown(socket.SHUT_WR)
        await self._first_requests(min(FIRST_REQUEST_S, grace_s / 2))
        self.config.timeout_graceful_shutdown = math.ceil(grace_s)
        self.should_exit = True

    async def _stop_accepting(self) -> None:
        """Take no more connections, and let those that were just taken become transports before the sockets close."""
        loop = asyncio.get_running_loop()
        for listener in (listener for server in self.servers for listener in server.sockets):
            loop.remove_reader(listener.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()

    async def _first_requests(self, limit_s: float) -> None:
        """Wait until every connection has sent its first request; closing one before that would lose it."""
        deadline_s = time.monotonic() + limit_s
        await asyncio.sleep(POLL_S)
        while time.monotonic() < deadline_s and any(map(_is_fresh, self.server_state.connections)):
            await asyncio.sleep(POLL_S)


async def serve(app: Any, listener: socket.socket, control: socket.socket) -> None:
    """Serve `app` until the supervisor says `Drain` or is gone.

    Raises:
        StartupFailed: the app's lifespan did not start.
    """
    server = ChildServer(app, control)
    reader, writer = await asyncio.open_connection(sock=control.dup())
    obeying = asyncio.create_task(server.obey(reader))
    try:
        await server.serve(sockets=[listener])
    finally:
        obeying.cancel()
        writer.close()


def _is_fresh(connection: Any) -> bool:
    return getattr(connection, "cycle", connection) is None
