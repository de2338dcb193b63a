"""The one place that turns an error into a status and a body."""

from typing import Any

from loom.core.engine import ParameterBindingError
from loom.core.errors import InvalidPayload, InvalidQuery, LoomError, NotFound, RuleViolation, RuleViolations
from loom.core.tracing import get_trace_id


class BadRequest(LoomError):
    """A body that is no JSON object, or too large; `status` is 400 or 413."""

    def __init__(self, message: str, *, code: str = "malformed_body", status: int = 400) -> None:
        super().__init__(message, code=code)
        self.status = status  # type: ignore[misc]  # per instance: 400 or 413


def error_body(error: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and JSON body for `error`. Nothing of an unexpected one is repeated.

    A query that cannot run has a text as its `detail`, everything else an object.
    """
    if isinstance(error, InvalidQuery):
        return error.status, {"detail": error.message}
    if isinstance(error, LoomError):
        detail = {"code": str(error.code), "message": error.message, "trace_id": get_trace_id(), **_extra(error)}
        return error.status, {"detail": detail}
    plain = {"code": "internal_error", "message": "An unexpected error occurred", "trace_id": get_trace_id()}
    return 500, {**plain, "detail": plain}


def _extra(error: LoomError) -> dict[str, Any]:
    if isinstance(error, NotFound):
        return {"entity": error.entity, "id": _shown(error.id)}
    if isinstance(error, RuleViolations | InvalidPayload):
        return {"violations": [_violation(v.field, v.message) for v in error.violations]}
    if isinstance(error, RuleViolation | ParameterBindingError):
        return {"violations": [_violation(error.field, error.message)]}
    return {}


def _shown(identity: Any) -> Any:
    """An id as JSON has it; one that JSON has no form for, as text."""
    return identity if isinstance(identity, str | int | float | bool | None) else str(identity)


def _violation(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
