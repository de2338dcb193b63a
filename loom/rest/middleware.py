"""The request id: taken from the client where it is safe, made otherwise, answered on every response."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from structlog.contextvars import bind_contextvars, reset_contextvars

from loom.core.tracing import clean_trace_id, generate_trace_id, reset_trace_id, set_trace_id
from loom.rest.errors import refusal

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
AsgiApp = Callable[[Any, Receive, Send], Awaitable[None]]


class TraceIdMiddleware:
    """Pure ASGI. What nothing inside answered, it answers with a 500, so that even that carries its id.

    Args:
        header: its name; read without regard to case.
    """

    def __init__(self, app: AsgiApp, *, header: str = "x-request-id") -> None:
        self._app = app
        self._header = header.lower().encode("latin-1")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Run one request under its id; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id = self._sent(scope) or generate_trace_id()
        answer = _Answer(send, self._header, trace_id.encode())
        token, bound = set_trace_id(trace_id), bind_contextvars(trace_id=trace_id)
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            if not answer.started:
                await _refuse(scope, error, answer)
            raise
        finally:
            reset_contextvars(**bound)
            reset_trace_id(token)

    def _sent(self, scope: Any) -> str | None:
        return clean_trace_id(_header(scope, self._header))


class _Answer:
    """Sends a response with the id among its headers."""

    def __init__(self, send: Send, header: bytes, trace_id: bytes) -> None:
        self._send = send
        self._header = header
        self._trace_id = trace_id
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            others = [(name, value) for name, value in message.get("headers", ()) if name.lower() != self._header]
            message["headers"] = [*others, (self._header, self._trace_id)]
        await self._send(message)


def _header(scope: Any, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), None)


async def _refuse(scope: Any, error: Exception, send: Send) -> None:
    refused = refusal(error, _header(scope, b"accept"))
    headers = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": refused.body})
