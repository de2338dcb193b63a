"""A10. A process told to stop under traffic answers every request it has taken; one that is killed does not."""

import asyncio
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.boundary.servers import running, until

pytestmark = [pytest.mark.slow, pytest.mark.soak]  # killing servers under load takes a machine of its own

REQUEST = b"POST /take/0.05 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Volley:
    """A hundred requests a second, each on a connection of its own, until nobody listens any more.

    Attributes:
        outcomes: how each ended: "200", another status, "failed" (taken and not answered), "refused" (never taken).
    """

    port: int
    rate: float = 100.0
    outcomes: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0

    async def fire(self) -> None:
        """Send until a connection is refused, then wait for what is under way."""
        shots: list[asyncio.Task[None]] = []
        while not self.outcomes["refused"]:
            shots.append(asyncio.create_task(self._once()))
            await asyncio.sleep(1 / self.rate)
        await asyncio.gather(*shots)

    async def _once(self) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            self.outcomes["refused"] += 1
            return
        self.in_flight += 1
        self.outcomes[await self._answer(reader, writer)] += 1
        self.in_flight -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        try:
            writer.write(REQUEST)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            return head.split()[1].decode()
        except (OSError, asyncio.IncompleteReadError):
            return "failed"
        finally:
            writer.close()


async def stop_under_fire(database_url: str, log: Path, with_signal: signal.Signals) -> tuple[Volley, float, int]:
    """Return what became of the requests of a process that gets `with_signal` while it answers, and how it ended."""
    config = {"database": {"url": database_url, "pool_size": 20, "pool_timeout": 10}}
    async with running(config, log) as app:
        volley = Volley(app.port)
        firing = asyncio.create_task(volley.fire())

        async def is_warm() -> bool:
            return volley.outcomes["200"] >= 50 and volley.in_flight > 0

        await until(is_warm)
        app.process.send_signal(with_signal)
        began = time.monotonic()
        await firing
        code = await asyncio.to_thread(app.process.wait, 15)
        return volley, time.monotonic() - began, code


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
class TestOnPostgres:
    """Where a request takes its time in a transaction."""

    @pytest.mark.parametrize("times", [3, pytest.param(10, marks=pytest.mark.soak)])
    async def test_a_stop_fails_no_request_under_way(self, times: int, database_url: str, tmp_path: Path) -> None:
        """SIGTERM under a hundred requests a second, over and over: every request taken is answered with 200."""
        total: Counter[str] = Counter()
        for _ in range(times):
            volley, took, code = await stop_under_fire(database_url, tmp_path / "out.txt", signal.SIGTERM)
            total += volley.outcomes
            print(f"\n{volley.outcomes}, gone after {took:.2f} s with {code}")

        assert {"200", "refused"} == total.keys()

    async def test_control_a_kill_fails_some(self, database_url: str, tmp_path: Path) -> None:
        """SIGKILL leaves requests unanswered, and the volley sees it."""
        volley, _, _ = await stop_under_fire(database_url, tmp_path / "out.txt", signal.SIGKILL)

        assert volley.outcomes["failed"] > 0
