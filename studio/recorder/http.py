"""The HTTP side: an ASGI application around the user's, which sees what comes and goes and changes none of it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from studio.recorder.live import LiveSpan
from studio.recorder.recorder import Recorder

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Bodies beyond this are counted, not kept."""


class LiveExchange:
    """One request and its answer, as they pass by."""

    __slots__ = ("answer", "answer_headers", "answer_size", "body", "body_size", "scope", "status")

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.status = 0
        self.answer_headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.body_size = 0
        self.answer: list[bytes] = []
        self.answer_size = 0

    def came(self, message: Message) -> None:
        """Note a part of the request's body."""
        part = message.get("body", b"")
        self.body_size += len(part)
        _keep(self.body, part, self.body_size)

    def went(self, message: Message) -> None:
        """Note a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answer_headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            part = message.get("body", b"")
            self.answer_size += len(part)
            _keep(self.answer, part, self.answer_size)

    @property
    def kept(self) -> int:
        """How many bytes of both bodies are in memory."""
        return sum(map(len, self.body)) + sum(map(len, self.answer))


def _keep(parts: list[bytes], part: bytes, size: int) -> None:
    """Add a part, unless the whole has become too large: then nothing of it is kept."""
    if size > MAX_BODY_BYTES:
        parts.clear()
    elif part:
        parts.append(part)


class RecordingApp:
    """Serves `app` and records every HTTP request."""

    def __init__(self, app: Any, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = LiveExchange(scope)
        trace = self._recorder.begin(exchange)

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                exchange.came(message)
            return message

        async def sending(message: Message) -> None:
            exchange.went(message)
            await send(message)

        try:
            with LiveSpan(trace, -1, "request", scope["method"]):
                await self._app(scope, receiving if trace.full else receive, sending)
        finally:
            self._recorder.end(trace)
