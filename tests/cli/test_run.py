"""`loom run`: the application in uvicorn workers, without anything of the studio."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

LOOM = Path(sys.executable).parent / "loom"
APP = """import json
import os
import sys


def importable():
    try:
        import studio
    except ImportError:
        return False
    return True


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    seen = [name for name in ("studio", "jinja2", "sse_starlette") if sys.modules.get(name) is not None]
    body = json.dumps({"pid": os.getpid(), "seen": seen, "importable": importable(), "cwd": os.getcwd()}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""

Run = Callable[..., Callable[[], dict[str, Any]]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start `loom run` on an application that tells what its process holds; return what asks it."""
    (tmp_path / "main.py").write_text(APP)
    running: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> Callable[[], dict[str, Any]]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with (tmp_path / "out.txt").open("wb") as out:
            command = [str(LOOM), "run", str(tmp_path), "--port", str(port), *options]
            running.append(subprocess.Popen(command, stdout=out, stderr=out))
        return lambda: ask(f"http://127.0.0.1:{port}/")

    yield start
    for process in running:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=15)


def ask(url: str) -> dict[str, Any]:
    """Return the answer, once there is one."""
    end = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return dict(json.loads(answer.read()))
        except OSError:
            assert time.monotonic() < end, "nothing answers"
            time.sleep(0.05)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_process_of_production_knows_the_studio(workers: str, run: Run, tmp_path: Path) -> None:
    """The application answers from its own directory; the studio is neither imported nor importable there."""
    answer = run("--workers", workers)()

    assert [] == answer["seen"]
    assert answer["importable"] is False
    assert str(tmp_path) == answer["cwd"]


def test_every_worker_serves(run: Run) -> None:
    """Two workers answer from two processes."""
    ask_it = run("--workers", "2")
    pids: set[int] = set()
    end = time.monotonic() + 20
    while len(pids) < 2 and time.monotonic() < end:
        pids.add(ask_it()["pid"])

    assert 2 == len(pids)


def test_a_missing_application_is_said_in_one_line(tmp_path: Path) -> None:
    """Where there is nothing to serve the command says what it looked for."""
    ended = subprocess.run([LOOM, "run", tmp_path], capture_output=True, text=True, check=False)

    assert 1 == ended.returncode
    assert "no application in" in ended.stderr
    assert "Traceback" not in ended.stderr
