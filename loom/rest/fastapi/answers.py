"""What an application answers to what was raised: registered once per app, after which handlers a user adds win."""

from typing import Any

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from loom.core.errors import LoomError
from loom.core.tracing import get_trace_id
from loom.rest.encode import encode
from loom.rest.errors import PROBLEM, problem, refusal, wants_problem


def answer_errors(app: FastAPI) -> None:
    """Make `app` answer every error in one shape; unknown paths and methods keep FastAPI's unless a client asks."""
    app.add_exception_handler(LoomError, _answer)
    app.add_exception_handler(Exception, _answer)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)


async def _answer(request: Request, error: Exception) -> Response:
    refused = refusal(error, request.headers.get("accept"))
    return Response(refused.body, refused.status, refused.headers)


async def _answer_http(request: Request, error: Any) -> Response:
    if not wants_problem(request.headers.get("accept")):
        return await http_exception_handler(request, error)
    detail = {"code": "http_error", "message": str(error.detail), "trace_id": get_trace_id()}
    headers = {**(error.headers or {}), "content-type": PROBLEM}
    return Response(encode(problem(error.status_code, detail)), error.status_code, headers)


async def _answer_nobody(_: Request, __: Exception) -> Response:
    """The client left before its body was read; what is answered goes nowhere."""
    return Response(status_code=400)
