"""What an open tab hears, how often, and that streams are few and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from studio.store import FACTS_KEPT, Store
from tests.studio_web.conftest import AUTHORISED, Serve

pytestmark = pytest.mark.slow


@asynccontextmanager
async def _listening(url: str, **headers: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Yield the stream's events as dicts of id, event and decoded data."""
    async with (
        httpx.AsyncClient(base_url=url, headers=AUTHORISED | headers, timeout=5) as client,
        client.stream("GET", "/_events") as answer,
    ):
        assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            event[name] = msgspec.json.decode(value) if name == "data" else value
        else:
            yield event
            event = {}


async def test_a_tab_is_greeted_and_then_hears_facts(serve: Serve, store: Store) -> None:
    """The first event says where the store stands; what is announced later follows with its id."""
    store.announce("build", number="1")
    async with serve() as url, _listening(url) as events:
        hello = await anext(events)
        store.announce("status", state="ready")
        fact = await anext(events)

    assert {"event": "hello", "data": {"fact": 1, "revision": "", "gap": False}} == hello
    assert {"event": "status", "id": "2", "data": {"state": "ready"}} == fact


async def test_a_tab_that_comes_back_hears_what_it_missed(serve: Serve, store: Store) -> None:
    """Last-Event-ID brings the facts after it, the newest of each name."""
    for name in ("build", "status", "build", "jobs"):
        store.announce(name)
    async with serve() as url, _listening(url, **{"last-event-id": "1"}) as events:
        heard = [await anext(events) for _ in range(4)]

    assert [("hello", None), ("status", "2"), ("build", "3"), ("jobs", "4")] == [
        (event["event"], event.get("id")) for event in heard
    ]


@pytest.mark.parametrize(("last", "gap"), [("1", True), (str(FACTS_KEPT), False), ("99999", True), ("-1", False)])
async def test_a_gap_is_told(serve: Serve, store: Store, last: str, gap: bool) -> None:
    """A tab whose last fact is no longer kept, or is from another run, is told so; nonsense counts as none."""
    for _ in range(FACTS_KEPT + 2):
        store.announce("build")
    async with serve() as url, _listening(url, **{"last-event-id": last}) as events:
        hello = await anext(events)

    assert gap is hello["data"]["gap"]


async def test_a_burst_becomes_one_event(serve: Serve, store: Store) -> None:
    """A thousand facts of one name at once are heard as the newest of them."""
    async with serve() as url, _listening(url) as events:
        await anext(events)
        for number in range(1000):
            store.announce("logs", number=str(number))
        heard = [await anext(events)]
        store.announce("end")
        heard.append(await anext(events))

    assert [("logs", "1000"), ("end", "1001")] == [(event["event"], event["id"]) for event in heard]


async def test_there_are_at_most_sixteen_streams(serve: Serve) -> None:
    """The seventeenth stream is refused with a time to come back, and the places are free again when the tabs leave."""
    async with serve() as url, httpx.AsyncClient(base_url=url, headers=AUTHORISED, timeout=5) as client:
        for _ in range(2):
            refused = await _seventeenth(url, client)

            assert (503, "5") == (refused.status_code, refused.headers["retry-after"])


async def _seventeenth(url: str, client: httpx.AsyncClient) -> httpx.Response:
    async with AsyncExitStack() as stack:
        kept = [await stack.enter_async_context(_once_free(url)) for _ in range(16)]
        assert ["hello"] * 16 == [(await anext(events))["event"] for events in kept]
        return await client.get("/_events")


@asynccontextmanager
async def _once_free(url: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Listen as soon as there is a place."""
    async with httpx.AsyncClient(base_url=url, headers=AUTHORISED, timeout=5) as client, asyncio.timeout(5):
        while True:
            async with client.stream("GET", "/_events") as answer:
                if answer.status_code == 200:
                    yield _events(answer)
                    return


async def test_closing_ends_every_stream(serve: Serve) -> None:
    """When the studio leaves, open streams end by themselves and the server stops at once."""
    began = asyncio.Event()
    async with serve() as url:
        reading = asyncio.create_task(_read_all(url, began))
        await began.wait()

    assert b"event: hello" in await asyncio.wait_for(reading, 2)


async def _read_all(url: str, began: asyncio.Event) -> bytes:
    body = b""
    async with (
        httpx.AsyncClient(base_url=url, headers=AUTHORISED, timeout=5) as client,
        client.stream("GET", "/_events") as answer,
    ):
        async for chunk in answer.aiter_bytes():
            body += chunk
            began.set()
    return body
