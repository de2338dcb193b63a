"""The one place that turns an error into a status, a body and headers.

Two forms of one fact: loom's own `{"detail": ...}`, and RFC 9457 problem details for a client that asks for
`application/problem+json`. Neither repeats a rejected value, a statement or a stack.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from loom.core.engine import ParameterBindingError
from loom.core.errors import (
    InvalidPayload,
    InvalidQuery,
    LoomError,
    NotFound,
    RuleViolation,
    RuleViolations,
    Unavailable,
)
from loom.core.tracing import get_trace_id
from loom.rest.encode import encode

JSON = "application/json"
PROBLEM = "application/problem+json"
_MAX_VIOLATIONS = 100
_MAX_NAME = 120
_MAX_MESSAGE = 2000


class BadRequest(LoomError):
    """A body that is no JSON object (400), too large (413) or stated to be something else (415)."""

    def __init__(self, message: str, *, code: str = "malformed_body", status: int = 400) -> None:
        super().__init__(message, code=code)
        self.status = status  # type: ignore[misc]  # per instance: 400, 413 or 415


class Refusal(Struct, frozen=True, kw_only=True):
    """An error as it is sent.

    Attributes:
        body: encoded JSON.
        headers: `content-type`, and what the status calls for.
    """

    status: int
    body: bytes
    headers: dict[str, str]


def refusal(error: BaseException, accept: str | None = None) -> Refusal:
    """Return what is answered to `error`, in the form that `accept`, the client's Accept header, asks for."""
    status, body = error_body(error)
    headers = {"content-type": JSON}
    if isinstance(error, Unavailable):
        headers["retry-after"] = str(error.retry_after_s)
    if wants_problem(accept):
        headers["content-type"] = PROBLEM
        body = problem(status, error_detail(error))
    return Refusal(status=status, body=encode(body), headers=headers)


def error_body(error: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and JSON body for `error`. Nothing of an unexpected one is repeated.

    A query that cannot run has a text as its `detail`, everything else an object.
    """
    if isinstance(error, InvalidQuery):
        return error.status, {"detail": error.message}
    detail = error_detail(error)
    if isinstance(error, LoomError):
        return error.status, {"detail": detail}
    return 500, {**detail, "detail": detail}


def error_detail(error: BaseException) -> dict[str, Any]:
    """Return code, message, trace id and whatever else is known of `error`."""
    if not isinstance(error, LoomError):
        return _detail("internal_error", "An unexpected error occurred")
    message = error.message if len(error.message) <= _MAX_MESSAGE else f"{error.message[:_MAX_MESSAGE]}..."
    return _detail(str(error.code), message) | _extra(error)


def problem(status: int, detail: dict[str, Any]) -> dict[str, Any]:
    """Return the RFC 9457 form of a detail; `code`, `trace_id` and `violations` are extension members."""
    extensions = {key: value for key, value in detail.items() if key != "message"}
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail["message"], **extensions}


def wants_problem(accept: str | None) -> bool:
    """Return whether an Accept header asks for problem details by name."""
    if accept is None or PROBLEM not in accept.lower():
        return False
    return any(_names_problem(part) for part in accept.lower().split(","))


def _names_problem(part: str) -> bool:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    return name == PROBLEM and not any(p.replace(" ", "").rstrip("0.") == "q=" for p in parameters)


def _detail(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "trace_id": get_trace_id()}


def _extra(error: LoomError) -> dict[str, Any]:
    if isinstance(error, NotFound):
        return {"entity": error.entity, "id": _shown(error.id)}
    if isinstance(error, RuleViolations | InvalidPayload):
        return {"violations": _violations((v.field, v.message) for v in error.violations)}
    if isinstance(error, RuleViolation | ParameterBindingError) or (isinstance(error, InvalidQuery) and error.field):
        return {"violations": _violations([(str(error.field), error.message)])}
    return {}


def _shown(identity: Any) -> Any:
    """An id as JSON has it; one that JSON has no form for, as text."""
    return identity if isinstance(identity, str | int | float | bool | None) else str(identity)


def _violations(found: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """A body may break a thousand fields, and names unknown ones as it likes: the answer stays small."""
    pairs = list(found)[:_MAX_VIOLATIONS]
    return [{"field": field[:_MAX_NAME], "message": message} for field, message in pairs]
