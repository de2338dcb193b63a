"""One child from start to end: report what was compiled, serve, or say why not."""

import asyncio
import ctypes
import faulthandler
import importlib
import os
import signal
import socket
import sys
import time
from typing import Any

from loom.core.errors import did_you_mean
from loom.core.target import Target
from studio.child.failure import AppMissing, failure_of
from studio.child.serve import StartupFailed, serve
from studio.child.sources import read_project_from_source
from studio.events import Compiled, Failed, encode
from studio.supervisor.arguments import ChildArguments, from_argument

PR_SET_PDEATHSIG = 1


def main(argument: str) -> int:
    """Run one child; returns its exit code."""
    arguments = from_argument(argument)
    _leave_with_parent(arguments.parent)
    _keep_from_subprocesses(arguments)
    faulthandler.register(signal.SIGUSR1, file=arguments.stack, all_threads=False)
    control = socket.socket(fileno=arguments.control)
    phase = "import"
    try:
        app, compiled = load(arguments.target)
        control.sendall(encode(compiled))
        phase = "startup"
        asyncio.run(serve(app, socket.socket(fileno=arguments.listener), control))
    except BaseException as error:  # noqa: BLE001 - whatever the user's code raises is what the developer must see
        return _give_up(control, error, phase, arguments.target)
    return 0


def load(target: Target) -> tuple[Any, Compiled]:
    """Import the app and draw its picture.

    Raises:
        AppMissing: the module has no such attribute.
        BaseException: whatever the user's modules raise.
    """
    began_s = time.perf_counter()
    app = import_app(target)
    imported_s = time.perf_counter()
    # Here, not above: it imports most of loom, and the time for that belongs to the app's own import.
    from studio.describe import snapshot_of

    snapshot = snapshot_of(app, target.root)
    import_ms, compile_ms = (imported_s - began_s) * 1000, (time.perf_counter() - imported_s) * 1000
    return app, Compiled(snapshot=snapshot, import_ms=import_ms, compile_ms=compile_ms)


def import_app(target: Target) -> Any:
    """Return the application of `target`, imported from source."""
    os.chdir(target.root)
    read_project_from_source(target.root)
    sys.path.insert(0, str(target.import_dir))
    module = importlib.import_module(target.module)
    try:
        return getattr(module, target.attribute)
    except AttributeError:
        hint = did_you_mean(target.attribute, vars(module))
        raise AppMissing(f"{module.__name__} has no attribute {target.attribute!r}. {hint}".strip()) from None


def _give_up(control: socket.socket, error: BaseException, phase: str, target: Target) -> int:
    shown = (error.__cause__ or error) if isinstance(error, StartupFailed) else error
    try:
        control.sendall(encode(Failed(failure=failure_of(shown, phase=phase, target=target))))
    except OSError:
        return 2  # nobody is left to tell
    return 1


def _leave_with_parent(parent: int) -> None:
    """Die when the supervisor does, however it does; where the system cannot, the closed control socket says so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _keep_from_subprocesses(arguments: ChildArguments) -> None:
    for descriptor in (arguments.control, arguments.listener, arguments.stack):
        os.set_inheritable(descriptor, False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
