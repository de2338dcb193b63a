"""A8 on a served process: clients that are slow, that leave, that never finish; afterwards it is as if they had not come."""

import asyncio
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from tests.boundary.servers import Running, running, until

pytestmark = [
    pytest.mark.soak,  # storms take a machine of their own
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]

POOL = {"pool_size": 5, "max_overflow": 0, "pool_timeout": 0.5}
IDLE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
SLOW_HEAD = b"GET /seats/ HTTP/1.1\r\nhost: x\r\nx-slow: "
SLOW_BODY = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The application with five connections, and statements that may take a second."""
    limits = {"connect_args": {"server_settings": {"statement_timeout": "1000"}}}
    async with running({"database": {"url": database_url, **POOL, **limits}}, tmp_path / "out.txt") as served:
        yield served


async def first_good_answer(app: Running) -> float:
    """Return the seconds until a request that needs the database is answered with 200."""

    async def is_good() -> bool:
        return await app.status("/seats/?limit=1") == 200

    return await until(is_good)


async def idle_in_transaction(database_url: str) -> int:
    """Return how many connections to the database do nothing inside a transaction."""
    observer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        return int(await observer.fetchval(IDLE))
    finally:
        await observer.close()


async def leave(port: int, request: bytes, after_s: float) -> None:
    """Send a request, and reset the connection before the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    await asyncio.sleep(after_s)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def unfinished(port: int, beginning: bytes, count: int) -> list[asyncio.StreamWriter]:
    """Open `count` connections that have sent the beginning of a request and no more."""
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(count)))
    for _, writer in opened:
        writer.write(beginning)
        await writer.drain()
    return [writer for _, writer in opened]


async def test_two_hundred_slow_clients_on_five_connections(app: Running, database_url: str) -> None:
    """Each gets its seat or a 503 that says when to come again, within two seconds; nothing stays held."""

    async def take() -> tuple[int, str | None, float]:
        began = time.monotonic()
        answer = await app.client.post("/take/0.05")
        return answer.status_code, answer.headers.get("retry-after"), time.monotonic() - began

    await app.client.get("/seats/")
    answers = await asyncio.gather(*(take() for _ in range(200)))
    recovered = await first_good_answer(app)

    refused = [answer for answer in answers if answer[0] != 200]
    worst = max(seconds for _, _, seconds in answers)
    print(f"\n{Counter(status for status, _, _ in answers)}, slowest {worst:.2f} s, good again after {recovered:.3f} s")
    assert {(503, "1")} == {(status, again) for status, again, _ in refused}
    assert worst <= 2
    assert recovered <= 1
    assert (0, 0) == (await app.held(), await idle_in_transaction(database_url))


async def test_a_thousand_clients_leave_in_the_middle(app: Running, database_url: str) -> None:
    """Connections reset while their transactions run leave nothing checked out and nothing open."""
    request = b"POST /take/0.02 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
    most = 0
    for _ in range(50):
        await asyncio.gather(*(leave(app.port, request, 0.02) for _ in range(20)))
        most = max(most, await app.held())
    recovered = await first_good_answer(app)
    seats = (await app.client.get("/seats/?limit=1")).json()["total_count"]
    settled = await until(lambda: none_held(app), 2)

    print(f"\n1000 left, {seats} of them seated, {most} connections held at most, good again after {recovered:.3f} s")
    assert most > 0, "nobody was in a transaction"
    assert recovered <= 1
    assert settled <= 1
    assert 0 == await idle_in_transaction(database_url)


async def none_held(app: Running) -> bool:
    """Return whether no connection is checked out."""
    return await app.held() == 0


async def test_a_statement_may_only_take_so_long(app: Running, database_url: str) -> None:
    """What the server cancels for its length is a 503, stores nothing and holds nothing."""
    began = time.monotonic()
    answers = await asyncio.gather(*(app.client.post("/take/30") for _ in range(5)))
    took = time.monotonic() - began
    seats = (await app.client.get("/seats/")).json()["total_count"]

    print(f"\n5 statements of 30 s ended after {took:.2f} s")
    assert [(503, "1")] * 5 == [(answer.status_code, answer.headers["retry-after"]) for answer in answers]
    assert took <= 2
    assert (0, 0, 0) == (seats, await app.held(), await idle_in_transaction(database_url))


@pytest.mark.parametrize("beginning", [SLOW_HEAD, SLOW_BODY % b"/seats/"], ids=["head", "body"])
async def test_requests_that_never_end_hold_nobody_up(app: Running, beginning: bytes) -> None:
    """Two hundred requests whose head or body does not come hold no connection, and others are answered in a second."""
    writers = await unfinished(app.port, beginning, 200)
    took = []
    for _ in range(5):
        for writer in writers:
            writer.write(b"a")
        began = time.monotonic()
        assert 200 == await app.status("/seats/?limit=1")
        took.append(time.monotonic() - began)
    worst = max(took)
    held = await app.held()
    for writer in writers:
        writer.close()

    print(f"\n200 unfinished requests, the slowest answer beside them took {worst:.3f} s")
    assert worst <= 1
    assert 0 == held


async def test_control_a_connection_taken_before_the_body_is_held_up(app: Running) -> None:
    """An endpoint that opens its transaction first is out of connections after five such requests."""
    writers = await unfinished(app.port, SLOW_BODY % b"/naive", 5)
    await until(lambda: all_held(app), 5)
    status = await app.status("/seats/")
    for writer in writers:
        writer.close()

    assert 503 == status


async def all_held(app: Running) -> bool:
    """Return whether every connection is checked out."""
    return await app.held() == 5


@pytest.mark.parametrize("size", [64, 70, 1000], ids="{} KB".format)
async def test_large_heads_break_nothing(app: Running, size: int) -> None:
    """A request with a head of 64 KB and more is answered with anything but a 5xx, or cut; the next one is as before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    answer = b""
    with suppress(ConnectionError):
        writer.write(b"GET /seats/ HTTP/1.1\r\nhost: x\r\nx-big: " + b"a" * size * 1024 + b"\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(64), 5)
    writer.close()

    print(f"\n{size} KB: {answer[:15]!r}")
    assert answer[9:10] in (b"2", b"4", b"")
    assert 200 == await app.status("/seats/")


async def test_heads_of_64_kilobytes_that_go_on_hold_nobody_up(app: Running) -> None:
    """Fifty heads of 64 KB whose end does not come hold no connection, and others are answered in a second."""
    writers = await unfinished(app.port, SLOW_HEAD + b"a" * 65_536, 50)
    began = time.monotonic()
    status = await app.status("/seats/")
    took = time.monotonic() - began
    held = await app.held()
    for writer in writers:
        writer.close()

    assert (200, 0) == (status, held)
    assert took <= 1
