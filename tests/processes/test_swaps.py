"""A swap loses nothing: not a new connection, not a kept one, not a request that is under way."""

import asyncio
import itertools
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes.conftest import Dev, edit
from tests.processes.traffic import Traffic

pytestmark = pytest.mark.slow

SLOW = """import asyncio

WORD = "one"


async def app(scope, receive, send):
    if scope["path"] == "/slow":
        await asyncio.sleep(1.5)
    body = WORD.encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""


async def test_no_request_is_lost_over_twenty_swaps(home: Path, run: Callable[..., Dev]) -> None:
    """New connections and a kept one get every answer while twenty saves are swapped in."""
    dev = await asyncio.to_thread(run, home)
    await asyncio.to_thread(dev.build, "ready")
    words = ["one", *(f"word{number}" for number in range(20))]

    async with Traffic(dev.port, rate=200) as traffic:
        for old, new in itertools.pairwise(words):
            edit(home / "main.py", f'"{old}"', f'"{new}"')
            await asyncio.to_thread(dev.build, "ready")

    assert {"200": traffic.asked} == dict(traffic.outcomes)
    assert 0 == traffic.kept_cut
    assert traffic.bodies["word18"]
    assert "word19" == dev.word()


async def test_a_connection_that_has_not_spoken_is_answered_after_the_swap(home: Path, run: Callable[..., Dev]) -> None:
    """A connection opened before a swap and first used after it is answered by the new code."""
    dev = await asyncio.to_thread(run, home)
    await asyncio.to_thread(dev.build, "ready")
    reader, writer = await asyncio.open_connection("127.0.0.1", dev.port)
    assert "one" == dev.word()  # so the silent one has been accepted

    edit(home / "main.py", '"one"', '"two"')
    await asyncio.to_thread(dev.build, "ready")
    await asyncio.sleep(0.3)  # the old child has left by then; nothing tells
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answer = await reader.read()

    assert b"two " in answer
    writer.close()


async def test_half_a_request_is_finished_by_the_child_that_read_it(home: Path, run: Callable[..., Dev]) -> None:
    """A request whose first half was read before the swap is answered."""
    dev = await asyncio.to_thread(run, home)
    await asyncio.to_thread(dev.build, "ready")
    reader, writer = await asyncio.open_connection("127.0.0.1", dev.port)
    writer.write(b"GET / HTTP/1.1\r\nho")
    await writer.drain()
    assert "one" == dev.word()

    edit(home / "main.py", '"one"', '"two"')
    await asyncio.to_thread(dev.build, "ready")
    writer.write(b"st: x\r\n\r\n")
    first = await reader.readuntil(b"\r\n\r\n")
    body = await reader.read(100)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    then = await reader.read()

    assert (b" 200 ", b"one ") == (first[8:13], body[:4])
    assert b"two " in then
    writer.close()


def test_a_running_request_is_finished_by_the_old_code(home: Path, run: Callable[..., Dev]) -> None:
    """A slow request that began before the swap ends with the old answer, while new ones get the new one."""
    (home / "main.py").write_text(SLOW)
    dev = run(home)
    dev.build("ready")
    with socket.create_connection(("127.0.0.1", dev.port)) as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert "one" == dev.word()

        edit(home / "main.py", '"one"', '"two"')
        dev.build("ready")

        assert "two" == dev.word()
        slow.settimeout(5)
        answer = b"".join(iter(lambda: slow.recv(4096), b""))
    assert answer.endswith(b"one")
