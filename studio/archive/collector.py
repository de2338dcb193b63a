"""Receives traces from the app child on a local socket that only this user can reach, and puts them into the archive."""

import asyncio
import shutil
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.archive.archive import Archive
from studio.trace import Batch, Plans, Recorded, decoder

MAX_FRAME_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Collector:
    """Listens while it is open. What a sender says is data; a message that is not one of ours ends its connection.

    Args:
        told: called on the event loop after each batch, with the place of the newest trace.
    """

    def __init__(self, archive: Archive, told: Callable[[int], None]) -> None:
        self._archive = archive
        self._told = told
        self._folder = Path(tempfile.mkdtemp(prefix="loom-record-"))  # 0700
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Event] = {}

    @property
    def path(self) -> str:
        """The socket to send to."""
        return str(self._folder / "traces.sock")

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """End every connection and remove the socket."""
        if self._server is not None:
            self._server.close()
        for writer, ended in [*self._open.items()]:
            writer.close()
            await ended.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = self._open[writer] = asyncio.Event()
        try:
            while (message := await _receive(reader)) is not None:
                await self._take(message)
        except (ValueError, msgspec.MsgspecError):
            return
        finally:
            del self._open[writer]
            writer.close()
            ended.set()

    async def _take(self, message: Recorded) -> None:
        if isinstance(message, Plans):
            await asyncio.to_thread(self._archive.keep_plans, message.plans)
        elif isinstance(message, Batch):
            self._archive.dropped += message.dropped
            self._told(await asyncio.to_thread(self._archive.add, message.traces))


async def _receive(reader: asyncio.StreamReader) -> Recorded | None:
    """Return the next message, or None once the sender has closed.

    Raises:
        ValueError: it is too large.
        msgspec.MsgspecError: it is not one of ours.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME_BYTES:
            raise ValueError(f"message of {length} bytes")
        return decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
