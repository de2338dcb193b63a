"""`loom dev` as a process of its own, on a project of one test, and what it said."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOOM = Path(sys.executable).parent / "loom"

PLAIN = '''"""An ASGI application that knows no lifespan; it answers its word and its process."""

import os

WORD = "one"


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    body = f"{WORD} {os.getpid()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
'''


def free_port() -> int:
    """Return a port that nobody listens on, in either family."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dev:
    """A running `loom dev`.

    Attributes:
        process: the supervisor.
        app_url: where the app answers.
    """

    def __init__(self, home: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.home = home
        command = [str(LOOM), "dev", "--no-open", "--json", *options]
        with (home.parent / "stderr.txt").open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.started = self.next("started")
        self.app_url, self.studio_url = self.started["app_url"], self.started["studio_url"]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))

    def next(self, event: str, timeout_s: float = 20) -> dict[str, Any]:
        """Return the next `event`, skipping others."""
        end = time.monotonic() + timeout_s
        while True:
            record = self._events.get(timeout=max(0.01, end - time.monotonic()))
            if record["event"] == event:
                return record

    def build(self, state: str, timeout_s: float = 20) -> dict[str, Any]:
        """Return the next build that is `state`, skipping others."""
        end = time.monotonic() + timeout_s
        while True:
            record = self.next("build", max(0.01, end - time.monotonic()))
            if record["state"] == state:
                return record

    @property
    def port(self) -> int:
        """Port of the app."""
        return int(self.app_url.rstrip("/").rpartition(":")[2])

    def get(self, path: str = "", timeout_s: float = 10) -> str:
        """Return the body of one answer of the app, over a connection of its own."""
        with urllib.request.urlopen(self.app_url + path, timeout=timeout_s) as answer:
            return str(answer.read().decode())

    def word(self) -> str:
        """Return what the plain application says."""
        return self.get().split()[0]

    def pid(self) -> int:
        """Return the process that the plain application runs in."""
        return int(self.get().split()[1])

    def studio_answers(self) -> bool:
        """Return whether the studio gives its shell."""
        with urllib.request.urlopen(self.studio_url.partition("#")[0], timeout=5) as answer:
            return bool(answer.status == 200)

    def family(self) -> list[int]:
        """Return the processes of this session: the supervisor and everything that came from it."""
        return sorted({self.process.pid, *descendants(self.process.pid)})

    def forget(self) -> None:
        """Drop what it has said so far."""
        while not self._events.empty():
            self._events.get_nowait()

    def close(self) -> None:
        """End it, if it has not ended, without asking."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10)


def descendants(pid: int) -> list[int]:
    """Return every living process below `pid`."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def wait_until(holds: Callable[[], object], timeout_s: float = 10) -> float:
    """Return the seconds it took until `holds`; fail after `timeout_s`."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < timeout_s, f"not within {timeout_s} s"
        time.sleep(0.01)
    return time.monotonic() - began


def is_running(pid: int) -> bool:
    """Return whether `pid` is a process that has not ended; a zombie has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project of one plain ASGI file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(PLAIN)
    return folder


@pytest.fixture
def run() -> Iterator[Callable[..., Dev]]:
    """Start `loom dev` on a folder, on ports of its own; ended with the test."""
    running: list[Dev] = []

    def start(folder: Path, *options: str, env: dict[str, str] | None = None) -> Dev:
        ports = () if "--port" in options else ("--port", str(free_port()), "--studio-port", str(free_port()))
        running.append(Dev(folder, *ports, *options, env=env))
        return running[-1]

    yield start
    for dev in running:
        dev.close()


def edit(file: Path, old: str, new: str) -> None:
    """Save `file` with `old` replaced, the way most editors do: a new file over the old name."""
    text = file.read_text()
    assert old in text
    save(file, text.replace(old, new))


def save(file: Path, text: str) -> None:
    """Save `file` by renaming a complete new one over it."""
    fresh = file.with_name(f".{file.name}.tmp")
    fresh.write_text(text)
    fresh.replace(file)
