"""Clients that keep asking, on new connections and on ones they keep, and what became of every request."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

REQUEST = b"GET %s HTTP/1.1\r\nhost: x\r\n%s\r\n"


@dataclass
class Traffic:
    """Requests against `port` at `rate` a second while the context is open.

    Attributes:
        asked: how many requests were sent.
        outcomes: how each ended: "200", another status, "empty", "cut", "refused", "timeout".
        latencies_s: one per answered request.
        kept_cut: connections kept alive that the server closed.
    """

    port: int
    rate: float = 50.0
    path: str = "/"
    timeout_s: float = 10.0
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    kept_cut: int = 0
    bodies: Counter[str] = field(default_factory=Counter)

    async def __aenter__(self) -> Self:
        self._running = True
        self._tasks = [asyncio.create_task(self._new_connections()), asyncio.create_task(self._kept_connection())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running = False
        await asyncio.gather(*self._tasks)

    @property
    def failed(self) -> int:
        """Requests that did not get a 200."""
        return self.asked - self.outcomes["200"]

    async def _new_connections(self) -> None:
        pending: set[asyncio.Task[None]] = set()
        while self._running:
            task = asyncio.create_task(self._once())
            pending.add(task)
            task.add_done_callback(pending.discard)
            await asyncio.sleep(1 / self.rate)
        await asyncio.gather(*pending)

    async def _once(self) -> None:
        self.asked += 1
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.timeout_s):
                self._note(await self._answer(), began)
        except ConnectionRefusedError:
            self.outcomes["refused"] += 1
        except TimeoutError:
            self.outcomes["timeout"] += 1
        except OSError:
            self.outcomes["cut"] += 1

    async def _answer(self) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(REQUEST % (self.path.encode(), b"connection: close\r\n"))
            return await reader.read()
        finally:
            writer.close()

    async def _kept_connection(self) -> None:
        reader, writer = await self._connected()
        while self._running:
            self.asked += 1
            began = time.perf_counter()
            try:
                async with asyncio.timeout(self.timeout_s):
                    writer.write(REQUEST % (self.path.encode(), b""))
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length:")[2].split()[0])
                    self._note(head + await reader.readexactly(length), began)
            except TimeoutError:
                self.outcomes["timeout"] += 1
                writer.close()
                reader, writer = await self._connected()
            except (OSError, asyncio.IncompleteReadError):
                self.outcomes["cut"] += 1
                self.kept_cut += 1
                writer.close()
                reader, writer = await self._connected()
            await asyncio.sleep(1 / self.rate)
        writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a new connection, once there is somebody to take it."""
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)

    def _note(self, answer: bytes, began: float) -> None:
        self.outcomes[answer.split()[1].decode() if answer else "empty"] += 1
        self.latencies_s.append(time.perf_counter() - began)
        self.bodies[answer.rpartition(b"\r\n\r\n")[2].decode().partition(" ")[0]] += 1
