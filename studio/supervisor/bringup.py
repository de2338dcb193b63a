"""What becomes of one child until it serves or is given up: the order of its messages, the time limit, the reasons."""

import asyncio
import os
import signal
from pathlib import Path
from typing import assert_never

from msgspec import Struct

from studio.events import Compiled, Drain, Failed, Failure, Ready
from studio.snapshot import Snapshot
from studio.supervisor.frames import dumped_frames
from studio.supervisor.spawn import Child

EXIT_WAIT_S = 1.0


class Attempt(Struct, frozen=True, kw_only=True):
    """How bringing up one child went.

    Attributes:
        snapshot: what it compiled; None where it did not get that far.
        failure: why it does not serve; None where it does.
        import_ms, compile_ms, startup_ms: as the child measured them; 0 for what was not reached.
    """

    snapshot: Snapshot | None = None
    failure: Failure | None = None
    import_ms: float = 0.0
    compile_ms: float = 0.0
    startup_ms: float = 0.0


async def bring_up(child: Child, *, root: Path, limit_s: float) -> Attempt:
    """Follow `child` until it accepts connections or has failed; a failed one is killed and reaped.

    Cancelling kills the child as well.
    """
    progress = _Progress()
    try:
        async with asyncio.timeout(limit_s):
            failure = await _follow(child, progress)
    except TimeoutError:
        failure = await _timed_out(child, progress, root, limit_s)
    except BaseException:
        await discard(child)
        raise
    if failure is not None:
        await discard(child)
    return progress.attempt(failure)


async def discard(child: Child) -> None:
    """Kill `child` and release what was held for it."""
    child.kill()
    await child.reap()


def crash(code: int, *, doing: str) -> Failure:
    """Return the failure of a process that ended with exit code `code` while `doing` something."""
    return Failure(phase="crash", title="Process ended", message=f"The app process {exit_words(code)} while {doing}.")


def exit_words(code: int) -> str:
    """Say in words how a process ended: `was killed by SIGSEGV (Segmentation fault)`, `exited with code 3`."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"was killed by signal {-code}"
    return f"was killed by {name} ({signal.strsignal(-code)})"


class _Progress:
    """What the child has said so far."""

    def __init__(self) -> None:
        self.compiled: Compiled | None = None
        self.ready: Ready | None = None

    @property
    def doing(self) -> str:
        return "starting" if self.compiled else "being imported"

    def attempt(self, failure: Failure | None) -> Attempt:
        compiled = self.compiled
        return Attempt(
            snapshot=compiled.snapshot if compiled else None,
            failure=failure,
            import_ms=compiled.import_ms if compiled else 0.0,
            compile_ms=compiled.compile_ms if compiled else 0.0,
            startup_ms=self.ready.startup_ms if self.ready else 0.0,
        )


async def _follow(child: Child, progress: _Progress) -> Failure | None:
    """Read messages until the child is ready (None) or has failed."""
    while True:
        try:
            message = await child.receive()
        except ValueError as error:
            return Failure(phase="crash", title="Unreadable message", message=f"The app process sent {error}.")
        match message:
            case Compiled():
                progress.compiled = message
            case Ready():
                progress.ready = message
                return None
            case Failed(failure):
                return failure
            case Drain():
                continue
            case None:
                return await _ended(child, progress)
            case _ as never:
                assert_never(never)


async def _ended(child: Child, progress: _Progress) -> Failure:
    try:
        async with asyncio.timeout(EXIT_WAIT_S):
            code = await child.exit_code()
    except TimeoutError:
        code = -signal.SIGKILL
    return crash(code, doing=progress.doing)


async def _timed_out(child: Child, progress: _Progress, root: Path, limit_s: float) -> Failure:
    frames = dumped_frames(await child.stack_dump(), root)
    own = next((frame for frame in frames if frame.own), None)
    place = f"; it is in {os.path.relpath(own.file, root)}, line {own.line}" if own else ""
    return Failure(
        phase="timeout",
        title="Import took too long" if progress.compiled is None else "Start took too long",
        message=f"The app was still {progress.doing} after {limit_s:g} seconds{place}.",
        frames=frames,
        hint=_timeout_hint(progress, own is not None),
    )


def _timeout_hint(progress: _Progress, located: bool) -> str:
    if progress.compiled is not None and not located:
        return "A lifespan or startup hook is waiting for something; is everything it connects to running?"
    return "Give it more time with --import-timeout if this is no endless loop."
