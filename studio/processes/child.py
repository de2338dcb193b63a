"""The app child: imports the user's app, reports what it compiled to, serves it on the inherited socket.

Started as `python -m studio.processes.child CONTROL_FD LISTEN_FD ROOT IMPORT_DIR MODULE ATTRIBUTE STACK_FILE`. It ends when its
control socket closes, so it never outlives its supervisor. On SIGUSR1 it writes where it is to STACK_FILE.
"""

import asyncio
import faulthandler
import importlib
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvicorn

from loom.core.errors import LoomError
from studio.describe import snapshot_of
from studio.events import Compiled, Drain, Failed, Message, Ready, encode, receive
from studio.failures import failure_of
from studio.recorder.install import record


class ChildServer(uvicorn.Server):
    """Reports when it accepts."""

    def __init__(self, config: uvicorn.Config, control: socket.socket) -> None:
        super().__init__(config)
        self._control = control

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the lifespan, then accept, then say so."""
        began = time.perf_counter()
        await super().startup(sockets)
        if self.started:
            say(self._control, Ready(startup_ms=(time.perf_counter() - began) * 1000))


def main(arguments: list[str]) -> None:
    """Import, report, serve."""
    control = socket.socket(fileno=int(arguments[0]))
    listener = socket.socket(fileno=int(arguments[1]))
    root, import_dir = Path(arguments[2]), arguments[3]
    with Path(arguments[6]).open("w") as stack_file:
        faulthandler.register(signal.SIGUSR1, stack_file)
        _prepare(root, import_dir)
        app = record(_load(control, root, arguments[4], arguments[5]), root)
        asyncio.run(_serve(app, control, listener, root))


def say(control: socket.socket, message: Message) -> None:
    """Send one message to the supervisor; whole, whatever the socket's mode."""
    control.setblocking(True)
    control.sendall(encode(message))
    control.setblocking(False)


def _prepare(root: Path, import_dir: str) -> None:
    sys.dont_write_bytecode = True
    sys.pycache_prefix = tempfile.gettempdir() + f"/loom-no-pycache-{os.getpid()}"  # never read a stale .pyc
    sys.path.insert(0, import_dir)
    os.chdir(root)


def _load(control: socket.socket, root: Path, module: str, attribute: str) -> Any:
    began = time.perf_counter()
    try:
        app = getattr(importlib.import_module(module), attribute, None)
        if app is None:
            raise LoomError(f"module {module!r} has no attribute {attribute!r}", code="not_an_app")
        imported = time.perf_counter()
        snapshot = snapshot_of(app, root)
    except BaseException as error:
        say(control, Failed(failure=failure_of(error, root, "import")))
        sys.exit(1)
    import_ms, compile_ms = (imported - began) * 1000, (time.perf_counter() - imported) * 1000
    say(control, Compiled(snapshot=snapshot, import_ms=import_ms, compile_ms=compile_ms))
    return app


async def _serve(app: Any, control: socket.socket, listener: socket.socket, root: Path) -> None:
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=5)
    server = ChildServer(config, control)
    started = _guard_startup(config, control, root)
    leave = asyncio.create_task(_leave_when_told(control, server))
    await server.serve([listener])
    leave.cancel()
    if not server.started and not started:
        sys.exit(1)


def _guard_startup(config: uvicorn.Config, control: socket.socket, root: Path) -> list[bool]:
    """Wrap the app so that an exception in its lifespan reaches the supervisor with its frames."""
    inner: Any = config.app
    reported: list[bool] = []

    async def guarded(scope: Any, receive_: Any, send: Any) -> None:
        try:
            await inner(scope, receive_, send)
        except BaseException as error:
            if scope["type"] == "lifespan" and not reported:
                reported.append(True)
                say(control, Failed(failure=failure_of(error, root, "startup")))
            raise

    async def with_report(scope: Any, receive_: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed" and not reported:
                reported.append(True)
                error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
                say(control, Failed(failure=failure_of(error or RuntimeError(message["message"]), root, "startup")))
            await send(message)

        await guarded(scope, receive_, watch if scope["type"] == "lifespan" else send)

    config.app = with_report
    return reported


async def _leave_when_told(control: socket.socket, server: uvicorn.Server) -> None:
    """Stop on `Drain`, or when the supervisor is gone."""
    reader, _ = await asyncio.open_connection(sock=control.dup())
    message = await receive(reader)
    if isinstance(message, Drain):
        server.config.timeout_graceful_shutdown = int(message.grace_s)
    server.should_exit = True


if __name__ == "__main__":
    main(sys.argv[1:])
