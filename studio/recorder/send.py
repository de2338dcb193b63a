"""Hands finished traces to the studio: a bounded queue, one thread that cleans and encodes, one local socket.

Traces are finished in bursts, so that most requests do not share the interpreter with this thread. When nobody takes them, or they come faster than they can be taken, the oldest are dropped and counted. The application
never waits.
"""

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable

from loom.core.engine.plan import Plan
from studio.recorder.live import LiveTrace
from studio.trace import Batch, Plans, Recorded, Trace, encoder

MAX_WAITING = 2000
MAX_WAITING_BYTES = 32 * 1024 * 1024
BATCH = 25
PAUSE_S = 0.025
BACKLOG = 500
"""With so many waiting there is no pause between two batches."""

RETRY_S = 1.0
_LENGTH = struct.Struct(">I")


class Sender:
    """Owns the queue, the thread and the socket.

    Args:
        path: the studio's local socket.
        finish: turns a live trace into data.
        plans: of the app; told on every connection, as are those compiled later.
    """

    def __init__(self, path: str, finish: Callable[[LiveTrace], Trace], plans: tuple[Plan, ...]) -> None:
        self._path = path
        self._finish = finish
        self._plans = {plan.hash: plan for plan in plans}
        self._known: set[str] = set()
        self._waiting: deque[tuple[LiveTrace, int]] = deque()
        self._bytes = 0
        self._dropped = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._leaving = False
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="loom-recorder", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, live: LiveTrace) -> None:
        """Queue `live`; the oldest leave where there is no room. Never blocks, never raises."""
        size = 4096 + (live.exchange.kept if live.exchange is not None else 0)
        with self._lock:
            self._waiting.append((live, size))
            self._bytes += size
            while len(self._waiting) > MAX_WAITING or self._bytes > MAX_WAITING_BYTES:
                self._bytes -= self._waiting.popleft()[1]
                self._dropped += 1
        if not self._wake.is_set():
            self._wake.set()

    def close(self, timeout_s: float = 1.0) -> None:
        """Send what waits, for at most `timeout_s` seconds, and stop."""
        self._leaving = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._send_all()
        finally:
            if self._socket is not None:
                self._socket.close()

    def _send_all(self) -> None:
        while not (self._leaving and not self._waiting):
            self._wake.wait()
            if not self._connected():
                if self._leaving:
                    return
                time.sleep(RETRY_S)
                continue
            if not self._leaving and len(self._waiting) < BACKLOG:
                time.sleep(PAUSE_S)
            self._wake.clear()  # before taking: whatever is put from here on sets it again
            self._send_batch()
            if self._waiting:
                self._wake.set()

    def _send_batch(self) -> None:
        taken, dropped = self._take()
        if not taken and not dropped:
            return
        traces = []
        for live in taken:
            try:
                traces.append(self._finish(live))
            except Exception:
                dropped += 1
        self._tell_plans(taken)
        self._say(Batch(tuple(traces), dropped), len(traces) + dropped)

    def _tell_plans(self, taken: list[LiveTrace]) -> None:
        """Send the plans the studio does not have yet: those of the app, and those compiled when they were first run."""
        for live in taken:
            self._plans |= {span.plan.hash: span.plan for span in live.spans if span.plan is not None}
        fresh = tuple(plan for hash_, plan in self._plans.items() if hash_ not in self._known)
        if fresh:
            self._say(Plans(fresh), 0)
            self._known |= {plan.hash for plan in fresh}

    def _take(self) -> tuple[list[LiveTrace], int]:
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._bytes -= sum(size for _, size in taken)
            dropped, self._dropped = self._dropped, 0
        return [live for live, _ in taken], dropped

    def _connected(self) -> bool:
        if self._socket is not None:
            return True
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(5.0)
            sock.connect(self._path)
        except OSError:
            sock.close()
            return False
        self._socket = sock
        self._known.clear()
        return True

    def _say(self, message: Recorded, lost: int) -> bool:
        """Send one message; where the studio is gone, count what it held as dropped."""
        if self._socket is None:
            return False
        body = encoder.encode(message)
        try:
            self._socket.sendall(_LENGTH.pack(len(body)) + body)
        except OSError:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None
            with self._lock:
                self._dropped += lost
            return False
        return True
