"""`/health`: the process answers. `/ready`: so does what it depends on. Added behind every other route, which win."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from loom.rest.fastapi.response import MsgspecJSONResponse

Check = Callable[[], Awaitable[Any]]
_TIMEOUT_S = 2.0
_NOT_READY = "unavailable"


def add_health(app: FastAPI, health_path: str | None, ready_path: str | None, checks: Mapping[str, Check]) -> None:
    """Serve both on `app`; None leaves one out.

    Args:
        checks: what must answer before the application is ready, by name; one fails by raising.
    """

    async def health() -> Response:
        """Say that the process answers."""
        return MsgspecJSONResponse({"status": "ok"})

    async def ready() -> Response:
        """Say whether what the application depends on answers."""
        return await _readiness(checks)

    for path, endpoint in ((health_path, health), (ready_path, ready)):
        if path is not None:
            app.add_api_route(
                path,
                endpoint,
                response_class=MsgspecJSONResponse,
                responses=_documented(is_ready=endpoint is ready),
                operation_id=endpoint.__name__,
                tags=["Health"],
            )


async def _readiness(checks: Mapping[str, Check]) -> Response:
    outcomes = await asyncio.gather(*(_outcome(check) for check in checks.values()))
    found = dict(zip(checks, outcomes, strict=True))
    if all(outcome == "ok" for outcome in found.values()):
        return MsgspecJSONResponse({"status": "ok", "checks": found})
    return MsgspecJSONResponse({"status": _NOT_READY, "checks": found}, 503, {"retry-after": "1"})


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), _TIMEOUT_S)
    except Exception:  # whatever it is, it is for the log of the dependency, not for the caller
        return _NOT_READY
    return "ok"


def _documented(*, is_ready: bool) -> dict[int | str, dict[str, Any]]:
    status = {"type": "string", "enum": ["ok", _NOT_READY] if is_ready else ["ok"]}
    schema: dict[str, Any] = {"type": "object", "required": ["status"], "properties": {"status": status}}
    if is_ready:
        schema["properties"]["checks"] = {"type": "object", "additionalProperties": status}
    content = {"application/json": {"schema": schema}}
    answers: dict[int | str, dict[str, Any]] = {200: {"description": "Answering", "content": content}}
    if is_ready:
        answers[503] = {"description": "Not ready", "content": content}
    return answers
