"""How a child process comes to be, and the handle the supervisor holds on it.

`Spawner` is the seam: whatever can bring up a process that speaks the messages of `studio.events` may stand behind it.
`FreshInterpreter` starts a new Python for every child, which works wherever Python does.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO, Protocol

from loom.core.target import Target
from studio.events import Message, encode, receive
from studio.supervisor.arguments import ChildArguments, to_argument

DUMP_WAIT_S = 0.5
DUMP_POLL_S = 0.02


class Child:
    """One app process. Owns its control socket and its stack file; `reap` releases both.

    Attributes:
        pid: process id, and id of the process group it leads.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stack: IO[bytes],
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._stack = stack
        self.pid = process.pid

    async def receive(self) -> Message | None:
        """Return the next message; None once the child speaks no more: it accepts nothing and is about to leave.

        Raises:
            ValueError: what came is no message of ours.
        """
        return await receive(self._reader)

    def send(self, message: Message) -> None:
        """Send `message`; a child that is gone hears nothing."""
        with suppress(OSError, RuntimeError):
            self._writer.write(encode(message))

    async def exit_code(self) -> int:
        """Wait for the end of the process and return its exit code; negative for the signal that killed it."""
        return await self._process.wait()

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    async def reap(self) -> int:
        """Wait for the end of the process, release what was held for it and return its exit code."""
        code = await self.exit_code()
        self._writer.close()
        self._stack.close()
        return code

    async def stack_dump(self) -> str:
        """Ask the process where it is and return the stack as `faulthandler` writes it; "" where none came."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)
        text = ""
        for _ in range(int(DUMP_WAIT_S / DUMP_POLL_S)):
            await asyncio.sleep(DUMP_POLL_S)
            before, text = text, self._stack_text()
            if text and text == before:
                break
        return text

    def _stack_text(self) -> str:
        self._stack.seek(0)
        return self._stack.read().decode(errors="replace")


class Spawner(Protocol):
    """Something that starts children."""

    async def spawn(self) -> Child:
        """Start a child that imports the app as it is on disk now. It sends `Compiled` and `Ready`, or `Failed`.

        Raises:
            OSError: the system refuses another process.
        """


class FreshInterpreter:
    """Starts every child as a new Python, which pays for all imports and shares nothing with the one before.

    Args:
        target: the application.
        listener: the app's listening socket; every child inherits it.
        output: file descriptor for the child's stdout; None for ours.
    """

    def __init__(self, target: Target, listener: socket.socket, *, output: int | None = None) -> None:
        self._target = target
        self._listener = listener
        self._output = output

    async def spawn(self) -> Child:
        """Start a child; see `Spawner`."""
        ours, theirs = socket.socketpair()
        stack = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the child handle owns it
        try:
            process = await self._start(theirs, stack)
            reader, writer = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()
            stack.close()
            raise
        finally:
            theirs.close()
        return Child(process, reader, writer, stack)

    async def _start(self, control: socket.socket, stack: IO[bytes]) -> asyncio.subprocess.Process:
        descriptors = (control.fileno(), self._listener.fileno(), stack.fileno())
        return await asyncio.create_subprocess_exec(
            # -P: a module of the project must not shadow what the child itself is made of.
            *(sys.executable, "-P", "-m", "studio.child", to_argument(self._arguments(*descriptors))),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            pass_fds=descriptors,
            start_new_session=True,
        )

    def _arguments(self, control: int, listener: int, stack: int) -> ChildArguments:
        return ChildArguments(
            control=control,
            listener=listener,
            stack=stack,
            parent=os.getpid(),
            root=str(self._target.root),
            import_dir=str(self._target.import_dir),
            module=self._target.module,
            attribute=self._target.attribute,
        )
