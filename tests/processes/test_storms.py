"""Saves in plenty, half of them broken, while clients ask and streams stay open; and what is left of it all afterwards."""

import asyncio
import os
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes.conftest import PLAIN, Dev, descendants, free_port, is_running, save, wait_until
from tests.processes.traffic import Traffic

pytestmark = pytest.mark.slow

GROWTH_KIB = 10 * 1024
STREAMS = 20

STREAMING = '''"""Streams without end at /stream, and the word elsewhere."""

import asyncio

WORD = "one"


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    while scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"data: x\\n\\n", "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": WORD.encode()})
'''


class Footprint(NamedTuple):
    """What a process holds."""

    rss_kib: int
    descriptors: int
    threads: int
    zombies: int

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        """Look at a process."""
        status = Path(f"/proc/{pid}/status").read_text()
        values = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if len(line.split()) > 1}
        zombies = [child for child in descendants(pid) if not is_running(child)]
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return cls(int(values["VmRSS"]), descriptors, int(values["Threads"]), len(zombies))


def reload_many(dev: Dev, count: int) -> None:
    """Save `count` times, every other one broken, waiting for each build."""
    for number in range(count):
        if number % 2:
            save(dev.home / "main.py", PLAIN.replace('"one"', f'"word{number}"'))
            dev.build("ready", 40)
        else:
            save(dev.home / "main.py", f"# {number}\nbroken(\n")
            dev.build("failed", 40)


async def test_a_storm_of_saves_costs_no_request(home: Path, run: Callable[..., Dev]) -> None:
    """Fifty requests a second over thirty saves, half of them broken: none refused, none failed, no connection cut."""
    dev = await asyncio.to_thread(run, home)
    await asyncio.to_thread(dev.build, "ready", 40)

    async with Traffic(dev.port, rate=25, timeout_s=20) as traffic:
        await asyncio.to_thread(reload_many, dev, 30)

    assert {"200": traffic.asked} == dict(traffic.outcomes)
    assert 0 == traffic.kept_cut
    print(
        f"{traffic.asked} requests, p99 {sorted(traffic.latencies_s)[int(len(traffic.latencies_s) * 0.99) - 1]:.3f} s"
    )


async def test_the_storm_would_be_noticed(home: Path) -> None:
    """Control: a reloader that restarts one process fails requests in the same storm."""
    port = free_port()
    command = ["-m", "uvicorn", "main:app", "--reload", "--log-level", "critical", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=home, start_new_session=True)
    try:
        await asyncio.to_thread(wait_until, lambda: answers(port), 30)
        async with Traffic(port, rate=25, timeout_s=2) as traffic:
            for number in range(3):
                save(home / "main.py", f"# {number}\nbroken(\n")
                await asyncio.sleep(3)
                save(home / "main.py", PLAIN)
                await asyncio.sleep(2)
    finally:
        os.killpg(process.pid, 9)
        await process.wait()

    assert traffic.failed + traffic.kept_cut > 0


def answers(port: int) -> bool:
    """Return whether somebody answers on a port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def test_open_streams_do_not_hold_up_a_swap(home: Path, run: Callable[..., Dev]) -> None:
    """With endless streams open the new code answers at once, and the old processes are gone after the grace."""
    save(home / "main.py", STREAMING)
    dev = await asyncio.to_thread(run, home)
    await asyncio.to_thread(dev.build, "ready", 40)
    streams = [await asyncio.open_connection("127.0.0.1", dev.port) for _ in range(STREAMS)]
    for reader, writer in streams:
        writer.write(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"data: x")
    before = dev.family()

    for number in range(3):
        save(home / "main.py", STREAMING.replace('"one"', f'"word{number}"'))
        await asyncio.to_thread(dev.build, "ready", 40)
        assert f"word{number}" == await asyncio.to_thread(dev.get)

    for _, writer in streams:
        writer.close()
    await asyncio.to_thread(wait_until, lambda: len(dev.family()) <= len(before), 15)


@pytest.mark.parametrize("reloads", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_nothing_is_left_of_many_reloads(reloads: int, home: Path, run: Callable[..., Dev]) -> None:
    """After many reloads, half of them broken, the supervisor holds what it held before, and serves the newest code."""
    dev = run(home)
    dev.build("ready", 40)
    reload_many(dev, 10)
    settled(dev)
    before = Footprint.of(dev.process.pid)

    reload_many(dev, reloads)
    settled(dev)
    wait_until(lambda: Footprint.of(dev.process.pid)[1:] == before[1:], 10)
    after = Footprint.of(dev.process.pid)

    assert (before.descriptors, before.threads, 0) == after[1:]
    assert after.rss_kib - before.rss_kib < GROWTH_KIB
    assert f"word{reloads - 1}" == dev.word()
    print(f"{reloads} reloads: {before} -> {after}")


def settled(dev: Dev) -> None:
    """Wait until there is the supervisor, the zygote, the serving child and the parked one, and no more."""
    wait_until(lambda: len(dev.family()) == 4, 20)
