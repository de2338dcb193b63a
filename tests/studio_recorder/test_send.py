"""From the app to the archive: over a real socket, bounded, oldest dropped first, every loss counted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from loom.core.use_case.use_case import UseCase
from studio.archive.archive import Archive
from studio.archive.collector import Collector
from studio.recorder import send
from studio.recorder.finish import Finisher
from studio.recorder.live import LiveTrace
from studio.recorder.send import Sender
from tests.studio_recorder.conftest import HERE, Item


class Told:
    """Waits until the archive has a place."""

    def __init__(self) -> None:
        self.newest = 0
        self._changed = asyncio.Event()

    def __call__(self, newest: int) -> None:
        self.newest = newest
        self._changed.set()

    async def until(self, place: int) -> None:
        async with asyncio.timeout(10):
            while self.newest < place:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def collector(told: Told) -> AsyncIterator[tuple[Collector, Archive]]:
    """A listening collector and its archive."""
    archive = Archive()
    found = Collector(archive, told)
    await found.start()
    yield found, archive
    await found.stop()


def live_trace() -> LiveTrace:
    trace = LiveTrace(full=True)
    trace.close()
    return trace


async def test_what_the_app_did_arrives_with_its_plans(
    client: httpx.AsyncClient,
    app: FastAPI,
    live: list[LiveTrace],
    collector: tuple[Collector, Archive],
    told: Told,
) -> None:
    """A served request is in the archive, summed up in words that need its plan."""
    await client.post("/items/1/price", json={"amount": -1})
    sender = Sender(collector[0].path, Finisher(HERE).finish, app.state.loom.plans)
    sender.start()
    sender.put(live[-1])
    await told.until(1)
    await asyncio.to_thread(sender.close)
    (row,) = collector[1].rows()

    assert ("PriceItem", "Rejected by rule 1: amount must be above zero", 422) == (row.use, row.said, row.status)


async def test_a_plan_compiled_on_demand_arrives_with_its_run(
    client: httpx.AsyncClient,
    app: FastAPI,
    live: list[LiveTrace],
    collector: tuple[Collector, Archive],
    told: Told,
) -> None:
    """A use case no interface names is compiled when it is first invoked; its run is drawn all the same."""

    class Unlisted(UseCase[Item, None]):
        async def execute(self) -> None:
            return None

    await app.state.loom.kernel.app.invoke(Unlisted)
    sender = Sender(collector[0].path, Finisher(HERE).finish, app.state.loom.plans)
    sender.start()
    sender.put(live[-1])
    await told.until(1)
    await asyncio.to_thread(sender.close)
    plan = collector[1].plan(live[-1].spans[0].plan.hash)  # type: ignore[union-attr]  # a run has a plan

    assert plan is not None
    assert "Unlisted" == plan.name


async def test_the_oldest_are_dropped_and_counted(
    collector: tuple[Collector, Archive], told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for five, twelve traces leave the newest five, and the archive knows of seven lost."""
    monkeypatch.setattr(send, "MAX_WAITING", 5)
    sender = Sender(collector[0].path, Finisher(HERE).finish, ())
    traces = [live_trace() for _ in range(12)]
    for trace in traces:
        sender.put(trace)
    sender.start()
    await told.until(5)
    await asyncio.to_thread(sender.close)

    assert [trace.id for trace in reversed(traces[7:])] == [row.id for row in collector[1].rows()]
    assert 7 == collector[1].dropped


async def test_large_traces_are_bounded_by_their_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The queue holds no more than its bytes, however few traces that are; putting never blocks."""
    monkeypatch.setattr(send, "MAX_WAITING_BYTES", 3 * 4096)
    sender = Sender(str(tmp_path / "nobody.sock"), Finisher(HERE).finish, ())
    for _ in range(10):
        sender.put(live_trace())

    assert (3, 7) == (len(sender._waiting), sender._dropped)


async def test_a_message_that_is_not_ours_ends_the_connection(collector: tuple[Collector, Archive]) -> None:
    """Garbage closes its own connection and nothing else."""
    reader, writer = await asyncio.open_unix_connection(collector[0].path)
    writer.write(b"\x00\x00\x00\x04oops")
    await writer.drain()

    assert b"" == await asyncio.wait_for(reader.read(), 5)
    writer.close()
    again, other = await asyncio.open_unix_connection(collector[0].path)
    assert not again.at_eof()
    other.close()


async def test_only_this_user_reaches_the_socket(collector: tuple[Collector, Archive]) -> None:
    """The socket's folder is closed to everyone else."""
    assert 0o700 == Path(collector[0].path).parent.stat().st_mode & 0o777
