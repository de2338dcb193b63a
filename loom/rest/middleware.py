"""The request id: taken from the client where it is safe, made otherwise, answered on every response."""

from typing import Any

from loom.core.tracing import clean_trace_id, generate_trace_id, reset_trace_id, set_trace_id
from loom.rest.encode import encode
from loom.rest.errors import error_body


class TraceIdMiddleware:
    """Pure ASGI. Also answers what nothing inside caught, so that even a 500 carries its id."""

    def __init__(self, app: Any, *, header: str = "x-request-id") -> None:
        self._app = app
        self._header = header.lower().encode("latin-1")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run one request under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = next((v for k, v in scope["headers"] if k.lower() == self._header), b"")
        trace_id = clean_trace_id(sent.decode("latin-1")) or generate_trace_id()
        started = False

        async def send_with_id(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), (self._header, trace_id.encode())]
            await send(message)

        token = set_trace_id(trace_id)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            if not started:
                await _answer(error, send_with_id)
            raise
        finally:
            reset_trace_id(token)


async def _answer(error: Exception, send: Any) -> None:
    status, body = error_body(error)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": encode(body)})
