"""The reloaders that are compared, each as a process on a port of its own."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent

Command = Callable[[int], list[str]]


def loom(port: int) -> list[str]:
    """`loom dev`."""
    return [str(BIN / "loom"), "dev", "--no-open", "--json", "--port", str(port), "--studio-port", str(free_port())]


def uvicorn(port: int) -> list[str]:
    """`uvicorn --reload`."""
    return [str(BIN / "uvicorn"), "main:app", "--reload", "--log-level", "error", "--port", str(port)]


def granian(port: int) -> list[str]:
    """`granian --reload`."""
    return [str(BIN / "granian"), "--interface", "asgi", "--reload", "--no-access-log", "--port", str(port), "main:app"]


TOOLS: dict[str, Command] = {"loom dev": loom, "uvicorn --reload": uvicorn, "granian --reload": granian}


def available() -> dict[str, Command]:
    """Return the tools that are installed."""
    return {name: command for name, command in TOOLS.items() if shutil.which(command(0)[0])}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Command, home: Path) -> Iterator[int]:
    """Serve the application in `home`; give the port."""
    port = free_port()
    with (home.parent / "out.txt").open("ab") as out:
        process = subprocess.Popen(command(port), cwd=home, stdout=out, stderr=out, start_new_session=True)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
