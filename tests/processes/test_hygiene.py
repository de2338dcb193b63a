"""Whatever ends `loom dev`, and however: nothing is left, and a second one beside it finds its own ports."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes.conftest import LOOM, Dev, edit, free_port, is_running, wait_until

pytestmark = pytest.mark.slow

ENDS = {"Ctrl-C": signal.SIGINT, "terminate": signal.SIGTERM, "terminal closed": signal.SIGHUP}


def test_nothing_outlives_a_killed_supervisor(home: Path, run: Callable[..., Dev]) -> None:
    """SIGKILL of `loom dev` takes every process it started with it within two seconds, a busy one too."""
    dev = run(home, "--import-timeout", "60")
    dev.build("ready")
    edit(home / "main.py", "WORD =", "open('begun', 'w').close()\nwhile True: pass\nWORD =")
    wait_until((home / "begun").exists)
    family = dev.family()

    os.kill(dev.process.pid, signal.SIGKILL)
    dev.process.wait()

    assert wait_until(lambda: not any(map(is_running, family))) < 2


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_when_asked(end: str, home: Path, run: Callable[..., Dev]) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end it within three seconds, with nothing left running or lying about."""
    dev = run(home)
    dev.build("ready")
    family = dev.family()
    run_file = home / ".loom" / "studio.json"
    assert 0o600 == run_file.stat().st_mode & 0o777

    dev.process.send_signal(ENDS[end])

    assert 0 == dev.process.wait(timeout=3)
    assert not any(map(is_running, family))
    assert not run_file.exists()


def test_ctrl_c_twice_does_not_wait_for_anything(home: Path, run: Callable[..., Dev]) -> None:
    """A second Ctrl-C ends everything at once while a request is still running."""
    edit(home / "main.py", "    body =", "    import time; time.sleep(30)\n    body =")
    dev = run(home)
    dev.build("ready")
    family = dev.family()
    busy = os.fork()
    if busy == 0:
        try:
            dev.get(timeout_s=30)
        finally:
            os._exit(0)
    time.sleep(0.3)

    dev.process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    began = time.monotonic()
    dev.process.send_signal(signal.SIGINT)
    dev.process.wait(timeout=3)

    assert time.monotonic() - began < 1
    wait_until(lambda: not any(map(is_running, family)), 2)
    assert not (home / ".loom" / "studio.json").exists()
    os.waitpid(busy, 0)


def test_a_second_one_takes_the_next_ports_and_says_so(home: Path, run: Callable[..., Dev]) -> None:
    """`loom dev` beside another serves on the next free ports, and ending it leaves the first one's file alone."""
    port, studio_port = free_port(), free_port()
    ports = ("--port", str(port), "--studio-port", str(studio_port))
    first = run(home, *ports)
    first.build("ready")

    second = run(home, *ports)
    second.build("ready")

    assert first.port == port < second.port
    assert [f"port {port} is busy, using {second.port}"] == second.started["notes"][:1]
    assert "one" == first.word() == second.word()
    assert first.stop() == 0
    assert json.loads((home / ".loom" / "studio.json").read_text())["pid"] == second.process.pid


def test_the_studio_listens_on_both_loopbacks_only(home: Path, run: Callable[..., Dev]) -> None:
    """The studio's port is open on 127.0.0.1 and ::1 and on no other address, whatever the app's host is."""
    dev = run(home, "--host", "0.0.0.0")
    dev.build("ready")
    port = f"{int(dev.studio_url.rpartition(':')[2].partition('/')[0]):04X}"
    addresses = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if local.endswith(f":{port}") and state == "0A":
                addresses.append(local.partition(":")[0])

    assert ["0100007F", "00000000000000000000000001000000"] == addresses


def test_production_refuses(home: Path) -> None:
    """`loom dev` does not start where LOOM_ENV says production."""
    ended = subprocess.run(
        [LOOM, "dev"],
        cwd=home,
        env={**os.environ, "LOOM_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == ended.returncode
    assert "LOOM_ENV" in ended.stderr
