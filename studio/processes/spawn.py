"""How a child comes to be. `FreshInterpreter` starts a new Python; anything with the same shape may take its place."""

import asyncio
import os
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loom.core.target import Target
from studio.events import Drain, Message, encode, receive


@dataclass
class Child:
    """A process that imports the app, and the socket it reports on."""

    process: Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stack_file: Path

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid

    async def next_message(self) -> Message | None:
        """Return what the child says next; None once it has closed its end."""
        return await receive(self.reader)

    async def drain(self, grace_s: float) -> None:
        """Ask it to stop accepting and leave; kill it a second after the grace."""
        with suppress(ConnectionError):
            self.writer.write(encode(Drain(grace_s=grace_s)))
            await self.writer.drain()
        try:
            await asyncio.wait_for(self.process.wait(), grace_s + 1)
        except TimeoutError:
            await self.kill()
        self.close()

    async def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        self.close()

    def close(self) -> None:
        """Give back its socket and its stack file."""
        self.writer.close()
        self.stack_file.unlink(missing_ok=True)


class Spawner(Protocol):
    """Starts children."""

    async def spawn(self, target: Target, listener: socket.socket) -> Child:
        """Return a child that has begun to import `target` and will accept on `listener`."""
        ...


class FreshInterpreter:
    """A new Python per child: slow to start, and free of everything the one before it did."""

    async def spawn(self, target: Target, listener: socket.socket) -> Child:
        """Start the child module with the control socket and the listener as inherited descriptors."""
        ours, theirs = socket.socketpair()
        handle, stack_file = tempfile.mkstemp(prefix="loom-stack-")
        os.close(handle)
        arguments = [str(theirs.fileno()), str(listener.fileno()), str(target.root), str(target.import_dir)]
        arguments += [target.module, target.attribute, stack_file]
        process = await create_subprocess_exec(
            sys.executable,
            *("-m", "studio.processes.child", *arguments),
            pass_fds=(theirs.fileno(), listener.fileno()),
            cwd=target.root,
            env=_environment(),
            stdin=DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then drains its child
        )
        theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        return Child(process, reader, writer, Path(stack_file))


def _environment() -> dict[str, str]:
    """This process's environment, with its import path, and no byte code left behind."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
