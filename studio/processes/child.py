"""The app child: waits parked, imports the user's app when told to, reports what it compiled to, serves it.

Started as `python -m studio.processes.child CONTROL LISTENER GIVE TAKE STACK SUPERVISOR_PID`, all but the last being inherited
descriptors. It ends when its supervisor does: the kernel sees to that on Linux, its control socket elsewhere. On SIGUSR1,
when it crashes and when the user's code calls `os._exit`, it writes where it is to STACK.
"""

import asyncio
import ctypes
import faulthandler
import gc
import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Never

from loom.core.errors import LoomError
from studio.describe import snapshot_of
from studio.events import Compiled, Drain, Failed, Message, Parted, Ready, Start, encode, receive, receive_now
from studio.failures import failure_of
from studio.processes.connections import Lobby
from studio.processes.importer import CompiledAhead, import_from_source, own_files
from studio.processes.server import ChildServer
from studio.processes.warmup import warm_up
from studio.recorder.install import record

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


class Inherited(NamedTuple):
    """What a child gets from whoever started it. `stack` is a file's descriptor."""

    control: socket.socket
    listener: socket.socket
    lobby: Lobby
    stack: int


def main(arguments: list[str]) -> None:
    """Run as a fresh interpreter."""
    control, listener, give, take, stack, supervisor = map(int, arguments)
    end_with(supervisor)
    sockets = [socket.socket(fileno=number) for number in (control, listener, give, take)]
    run(Inherited(sockets[0], sockets[1], Lobby(sockets[2], sockets[3]), stack))


def run(inherited: Inherited) -> None:
    """Park; on `Start` import, report, serve until told to leave."""
    ahead = CompiledAhead()
    _note_the_end(inherited.stack)
    ahead.compile(own_files(Path.cwd()))
    warm_up(())  # a fork shares pages until it writes to them: better now than when a save waits
    inherited.control.setblocking(True)
    start = receive_now(inherited.control)
    if isinstance(start, Start):
        app = record(_load(inherited.control, start, ahead), Path(start.root))
        asyncio.run(_serve(app, inherited, Path(start.root)))


def say(control: socket.socket, message: Message) -> None:
    """Send one message to the supervisor; whole, whatever the socket's mode."""
    control.setblocking(True)
    control.sendall(encode(message))
    control.setblocking(False)


def end_with(supervisor: int, name: str = "loom-app") -> None:
    """Have the kernel end this process when its parent ends, where it can; leave at once where that has happened.

    Args:
        name: what `ps` and `top` call the process.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NAME, name.encode())
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            sys.exit(1)


def _note_the_end(stack: int) -> None:
    """Write the stack to `stack` on SIGUSR1, on a crash, and when the process is about to leave without unwinding."""
    faulthandler.enable(stack)
    faulthandler.register(signal.SIGUSR1, stack)
    leave = os._exit

    def noted(status: int) -> Never:
        if os.getpid() == own_pid:
            faulthandler.dump_traceback(stack, all_threads=False)
        leave(status)

    own_pid = os.getpid()
    os._exit = noted


def _load(control: socket.socket, start: Start, ahead: CompiledAhead) -> Any:
    root = Path(start.root)
    began = time.perf_counter()
    try:
        app = _import_app(start, ahead)
        imported = time.perf_counter()
        snapshot = snapshot_of(app, root)
    except BaseException as error:
        say(control, Failed(failure=failure_of(error, root, "import")))
        sys.exit(1)
    import_ms, compile_ms = (imported - began) * 1000, (time.perf_counter() - imported) * 1000
    say(control, Compiled(snapshot=snapshot, import_ms=import_ms, compile_ms=compile_ms))
    return app


def _import_app(start: Start, ahead: CompiledAhead) -> Any:
    """Import the module and return its application; nothing is collected meanwhile, for speed."""
    sys.dont_write_bytecode = True
    import_from_source(Path(start.root), ahead)
    sys.path.insert(0, start.import_dir)
    gc.disable()
    try:
        app = getattr(importlib.import_module(start.module), start.attribute, None)
    finally:
        gc.freeze()  # what was just made lives as long as this process
        gc.enable()
    if app is None:
        raise LoomError(f"module {start.module!r} has no attribute {start.attribute!r}", code="not_an_app")
    return app


async def _serve(app: Any, inherited: Inherited, root: Path) -> None:
    control = inherited.control

    def ready(startup_ms: float) -> None:
        say(control, Ready(startup_ms=startup_ms))

    def parted() -> None:
        with suppress(OSError):  # the supervisor may be what is gone
            say(control, Parted())

    guarded = _reporting_startup(app, lambda error: say(control, Failed(failure=failure_of(error, root, "startup"))))
    server = ChildServer(guarded, inherited.listener, inherited.lobby, ready, parted)
    told = asyncio.create_task(_leave_when_told(control, server))
    await server.serve()
    told.cancel()


def _reporting_startup(app: Any, report: Callable[[BaseException], None]) -> Any:
    """Wrap `app` so that a lifespan which fails to start is reported, with its frames where it raised."""

    async def wrapped(scope: Any, receive_: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed":
                report(sys.exc_info()[1] or RuntimeError(message.get("message") or "the lifespan failed to start"))
            await send(message)

        await app(scope, receive_, watch if scope["type"] == "lifespan" else send)

    return wrapped


async def _leave_when_told(control: socket.socket, server: ChildServer) -> None:
    """Leave on `Drain`, or when the supervisor is gone."""
    reader, _ = await asyncio.open_connection(sock=control.dup())
    message = await receive(reader)
    server.leave(message if isinstance(message, Drain) else Drain(grace_s=1.0, hand_over=False))


if __name__ == "__main__":
    main(sys.argv[1:])
