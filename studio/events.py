"""What travels between the supervisor and the app child: small tagged messages, length-prefixed msgpack on a socketpair.

A frame is a 4-byte big-endian length and that many bytes of msgpack. The supervisor speaks first. Whatever the child sends
is data about the user's app and is treated as hostile text from there on: bounded here, escaped where it is drawn.
"""

import asyncio
import socket
import struct

import msgspec
from msgspec import Struct

from loom.core.errors import Diagnostic
from studio.snapshot import Snapshot

MAX_FRAME_BYTES = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Frame(Struct, frozen=True, kw_only=True):
    """One stack frame.

    Attributes:
        file: absolute path.
        line: 1-based.
        function: qualified name.
        code: a few source lines around `line`, newest text on disk; "" where unreadable.
        first_line: line number of the first line of `code`.
        own: True for the user's project, False for libraries.
    """

    file: str
    line: int
    function: str
    code: str = ""
    first_line: int = 0
    own: bool = False


class Fix(Struct, frozen=True, kw_only=True):
    """How to mend a failure, where that is known.

    Attributes:
        kind: "replace" (`old` by `new` in `line` of `file`), "install" (run `command`) or "create_table" (named `new`).
        label: the same for a button: `Install the extra postgres`.
        command: for a shell; "" where there is none.
        file: absolute path; "" where no file is to blame.
        line: 1-based; 0 where no file is to blame.
    """

    kind: str
    label: str
    command: str = ""
    file: str = ""
    line: int = 0
    old: str = ""
    new: str = ""


class Failure(Struct, frozen=True, kw_only=True):
    """Why a build did not serve.

    Attributes:
        phase: "import", "compile", "startup", "timeout" (import or start took too long) or "crash" (process ended).
        title: exception class or a few words: `SyntaxError`.
        message: one sentence; never a stack.
        frames: own frames first, innermost first within each group.
        diagnostics: every compile problem at once; empty in other phases.
        hint: what to do about it; "" where nothing is known.
        fix: the same as data, where it is certain enough to offer; None where it is not.
    """

    phase: str
    title: str
    message: str
    frames: tuple[Frame, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    hint: str = ""
    fix: Fix | None = None


class Start(Struct, frozen=True, kw_only=True, tag="start"):
    """Supervisor to a parked child: import this application and serve it. The fields are those of a `Target`."""

    root: str
    import_dir: str
    module: str
    attribute: str


class Compiled(Struct, frozen=True, kw_only=True, tag="compiled"):
    """The child imported and compiled the app; it does not serve yet."""

    snapshot: Snapshot
    import_ms: float
    compile_ms: float


class Ready(Struct, frozen=True, kw_only=True, tag="ready"):
    """The child's lifespan has started and it accepts connections."""

    startup_ms: float


class Parted(Struct, frozen=True, kw_only=True, tag="parted"):
    """The child takes no more connections; what it has begun it finishes."""


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """The child gives up; it exits after sending this."""

    failure: Failure


class Drain(Struct, frozen=True, kw_only=True, tag="drain"):
    """Supervisor to child: stop accepting, finish what is running within `grace_s` seconds, exit.

    Attributes:
        hand_over: pass idle connections to whichever child serves next; False closes them.
    """

    grace_s: float = 5.0
    hand_over: bool = True


class Warm(Struct, frozen=True, kw_only=True, tag="warm"):
    """The zygote has imported what it should and waits for requests."""

    import_ms: float


class Forked(Struct, frozen=True, kw_only=True, tag="forked"):
    """The zygote started a parked child."""

    pid: int


class Unfit(Struct, frozen=True, kw_only=True, tag="unfit"):
    """The zygote must not fork: what it holds would not survive in a child. `found` says what, in words."""

    found: tuple[str, ...]


Message = Warm | Forked | Unfit | Start | Compiled | Ready | Parted | Failed | Drain

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """Return the frame for `message`."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message, or None once the peer has closed.

    Raises:
        ValueError: the frame is larger than `MAX_FRAME_BYTES` or is not one of ours.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME_BYTES:
            raise ValueError(f"frame of {length} bytes is over the limit of {MAX_FRAME_BYTES}")
        return _decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None


def receive_now(control: socket.socket) -> Message | None:
    """Return the next message of a blocking socket, or None once the peer has closed.

    Raises:
        ValueError: as `receive`.
    """
    (length,) = _LENGTH.unpack(_exactly(control, _LENGTH.size) or bytes(_LENGTH.size))
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"frame of {length} bytes is over the limit of {MAX_FRAME_BYTES}")
    body = _exactly(control, length)
    return _decoder.decode(body) if body else None


def _exactly(control: socket.socket, size: int) -> bytes:
    """Return `size` bytes, or nothing where the peer closed before."""
    received = bytearray()
    while len(received) < size:
        part = control.recv(size - len(received))
        if not part:
            return b""
        received += part
    return bytes(received)
