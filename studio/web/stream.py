"""How open pages hear of changes: one event stream per tab carrying facts, never content.

A page that hears of a fact re-fetches its own fragment through the gate. Order on the wire: `hello` with the newest
fact id and the revision, then every fact after `Last-Event-ID` that is still kept, then facts as they come, each name
at most ten times a second (the newest of a burst is the one that is sent).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from studio.store import FACTS_KEPT, Fact, Store

MAX_STREAMS = 16
INTERVAL_S = 0.1
PING_S = 15
SEND_TIMEOUT_S = 10.0


class Hello(Struct, frozen=True, kw_only=True):
    """First event of a stream.

    Attributes:
        fact: id of the newest fact.
        revision: of the snapshot that serves; "" where nothing does.
        gap: True where facts after `Last-Event-ID` are no longer kept: what the page shows may be old.
    """

    fact: int
    revision: str
    gap: bool


class EventStream:
    """ASGI endpoint of the stream; owns the count of open ones and ends them at shutdown."""

    def __init__(self, store: Store, *, max_streams: int = MAX_STREAMS) -> None:
        self._store = store
        self._max = max_streams
        self._open: set[_Latest] = set()
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the tab leaves or `close` is called; 503 where there are too many or the studio is leaving."""
        if self._closed or len(self._open) >= self._max:
            await Response(status_code=503, headers={"retry-after": "5"})(scope, receive, send)
            return
        with self._counted() as latest:
            events = self._events(latest, _last_event_id(Request(scope)))
            answer = EventSourceResponse(events, ping=PING_S, send_timeout=SEND_TIMEOUT_S, sep="\n")
            try:
                await answer(scope, receive, send)
            except SendTimeoutError:
                return  # a tab that does not read; the server drops its connection

    def close(self) -> None:
        """End every stream within `INTERVAL_S` and refuse new ones."""
        self._closed = True
        for latest in self._open:
            latest.close()

    @contextmanager
    def _counted(self) -> Iterator["_Latest"]:
        latest = _Latest()
        self._open.add(latest)
        try:
            yield latest
        finally:
            self._open.discard(latest)

    async def _events(self, latest: "_Latest", after: int | None) -> AsyncIterator[ServerSentEvent]:
        with self._store.listen(after=after) as facts:
            yield _hello(self._store, after)
            feeding = asyncio.create_task(latest.feed(facts))
            try:
                async for fact in latest.batches():
                    yield ServerSentEvent(_json(fact.data), event=fact.name, id=str(fact.id), sep="\n")
            finally:
                feeding.cancel()


class _Latest:
    """The newest fact of each name since the last look; bounded by the number of names."""

    def __init__(self) -> None:
        self._pending: dict[str, Fact] = {}
        self._wake = asyncio.Event()
        self._closed = False

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def feed(self, facts: AsyncIterator[Fact]) -> None:
        async for fact in facts:
            self._pending[fact.name] = fact
            self._wake.set()

    async def batches(self) -> AsyncIterator[Fact]:
        """Yield at once what is there, then nothing for `INTERVAL_S`, until closed."""
        await self._wake.wait()
        while not self._closed:
            self._wake.clear()
            batch, self._pending = self._pending, {}
            for fact in sorted(batch.values(), key=lambda fact: fact.id):
                yield fact
            await asyncio.sleep(INTERVAL_S)
            await self._wake.wait()


def _hello(store: Store, after: int | None) -> ServerSentEvent:
    gap = after is not None and not 0 <= store.last_fact_id - after <= FACTS_KEPT
    revision = store.snapshot.revision if store.snapshot else ""
    return ServerSentEvent(_json(Hello(fact=store.last_fact_id, revision=revision, gap=gap)), event="hello", sep="\n")


def _last_event_id(request: Request) -> int | None:
    sent = request.headers.get("last-event-id", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 16 else None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
