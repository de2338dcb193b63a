"""The zygote: a process that has imported every library once and forks parked children. It never serves, never sees user code.

Started as `python -m studio.processes.zygote CONTROL LISTENER GIVE TAKE SUPERVISOR_PID MODULE...`. For every pair of descriptors
it receives (a child's control socket and stack file) it forks once more. It ends when its control socket closes.

Theory of operation
    What exists once in a process must not cross a fork: another thread, an event loop, a connection, an open database. So
    the zygote looks at itself before every fork and refuses, naming what it found. It forks twice and lets the first
    process go, so that the kernel gives the child to the supervisor (the subreaper): the supervisor waits for it, the kernel
    ends it with the supervisor, and a zygote may be replaced while children of the one before still serve.
"""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from studio.events import Forked, Message, Unfit, Warm, encode
from studio.processes.child import Inherited, end_with, run
from studio.processes.connections import Lobby
from studio.processes.warmup import LIBRARIES, warm_up

_DESCRIPTORS = 2


def main(arguments: list[str]) -> None:
    """Import, then fork a parked child per request."""
    *numbers, supervisor = map(int, arguments[:5])
    end_with(supervisor, "loom-zygote")
    control, listener, give, take = (socket.socket(fileno=number) for number in numbers)
    own = _descriptors()
    began = time.perf_counter()
    warm_up((*LIBRARIES, *arguments[5:]))
    _say(control, Warm(import_ms=(time.perf_counter() - began) * 1000))
    while (received := _next_request(control)) is not None:
        if found := unfit(own.union(received)):
            _say(control, Unfit(found=found))
            _close(received)
            continue
        inherited = Inherited(socket.socket(fileno=received[0]), listener, Lobby(give, take), received[1])
        pid = fork_twice(lambda: _become_child(control, supervisor))
        if pid == 0:
            run(inherited)
            return
        inherited.control.close()
        os.close(inherited.stack)
        _say(control, Forked(pid=pid))


def unfit(own: frozenset[int]) -> tuple[str, ...]:
    """Return what of this process would not survive a fork: threads, a loop, sockets, open files beside `own`."""
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    count = len(list(Path("/proc/self/task").iterdir())) - 1
    found = (
        [f"{count} thread{'s' if count > 1 else ''} ({', '.join(threads) or 'of a native library'})"] if count else []
    )
    if asyncio._get_running_loop() is not None:
        found.append("a running event loop")
    return (*found, *(_described(number) for number in sorted(_descriptors() - own) if _described(number)))


def fork_twice(in_child: Callable[[], None]) -> int:
    """Return the pid of a new process whose parent is not this one, and 0 in it, after `in_child`."""
    read, write = os.pipe()
    between = os.fork()
    if between:
        os.close(write)
        os.waitpid(between, 0)
        with os.fdopen(read, "rb") as pipe:
            return int(pipe.read() or -1)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.write(write, b"%d" % pid)
        os._exit(0)
    os.close(read)
    os.close(write)
    while os.getppid() == parent:  # it is about to leave
        time.sleep(0.0002)
    in_child()
    return 0


def _become_child(control: socket.socket, supervisor: int) -> None:
    control.close()
    os.setsid()  # Ctrl-C reaches the supervisor alone
    end_with(supervisor)


def _next_request(control: socket.socket) -> tuple[int, ...] | None:
    data, descriptors, _, _ = socket.recv_fds(control, 1, _DESCRIPTORS)
    return tuple(descriptors) if data else None


def _descriptors() -> frozenset[int]:
    """Return the open descriptors of this process; the one that lists them is gone by then."""
    found = []
    for place in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):
            os.fstat(int(place.name))
            found.append(int(place.name))
    return frozenset(found)


def _described(number: int) -> str:
    """Return what an open descriptor is; "" for one that is harmless to share."""
    try:
        target = str(Path(f"/proc/self/fd/{number}").readlink())
    except OSError:
        return ""
    if target.startswith("socket:"):
        return "an open connection"
    if target.startswith("anon_inode:"):
        return "an event loop"
    return "" if target.startswith("/dev/") else f"the open file {target}"


def _close(descriptors: tuple[int, ...]) -> None:
    for number in descriptors:
        os.close(number)


def _say(control: socket.socket, message: Message) -> None:
    control.sendall(encode(message))


if __name__ == "__main__":
    main(sys.argv[1:])
