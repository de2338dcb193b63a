"""The error tree: what each class is, carries and says."""

from typing import Any

import pytest

from loom.core import errors
from loom.core.errors import (
    Conflict,
    DomainError,
    ErrorCode,
    Forbidden,
    LoomError,
    NotFound,
    RuleViolation,
    RuleViolations,
)
from loom.core.job import JobFailedError, JobTimeoutError

CAUSE = KeyError("x")
BAD = (RuleViolation("a", "x"), RuleViolation("b", "y"))

TREE: list[tuple[LoomError, type[Exception], str, int, str, dict[str, Any]]] = [
    (LoomError("odd", code="strange"), Exception, "strange", 500, "odd", {"message": "odd"}),
    (DomainError("odd", code="strange"), LoomError, "strange", 500, "odd", {"message": "odd"}),
    (errors.SystemError("disk"), LoomError, "system_error", 500, "disk", {"message": "disk"}),
    (
        NotFound("Item", id="7"),
        DomainError,
        "not_found",
        404,
        "Item with id='7' not found",
        {"entity": "Item", "id": "7"},
    ),
    (Forbidden(), DomainError, "forbidden", 403, "Forbidden", {"message": "Forbidden"}),
    (Forbidden("no"), DomainError, "forbidden", 403, "no", {"message": "no"}),
    (Conflict("taken"), DomainError, "conflict", 409, "taken", {"message": "taken"}),
    (BAD[0], DomainError, "rule_violation", 422, "a: x", {"field": "a", "message": "x"}),
    (RuleViolations(BAD), DomainError, "rule_violations", 422, "a: x; b: y", {"violations": BAD}),
    (RuleViolations([]), DomainError, "rule_violations", 422, "", {"violations": ()}),
    (
        JobTimeoutError("j", 2.5),
        LoomError,
        "job_timeout",
        500,
        "job j has not finished",
        {"job_id": "j", "timeout": 2.5},
    ),
    (
        JobFailedError("j", CAUSE),
        LoomError,
        "job_failed",
        500,
        "job j failed: KeyError",
        {"job_id": "j", "cause": CAUSE},
    ),
]


@pytest.mark.parametrize(("error", "base", "code", "status", "text", "attributes"), TREE, ids=lambda v: "")
def test_an_error_is_what_the_table_says(
    error: LoomError, base: type[Exception], code: str, status: int, text: str, attributes: dict[str, Any]
) -> None:
    """Base, code, HTTP status, text and attributes of each class."""
    assert isinstance(error, base)
    assert (code, status, text) == (error.code, error.status, str(error))
    assert attributes == {name: getattr(error, name) for name in attributes}


def test_codes_are_an_enumeration_of_texts() -> None:
    """They compare equal to their text, either way."""
    codes = [ErrorCode.NOT_FOUND, ErrorCode.FORBIDDEN, ErrorCode.CONFLICT, ErrorCode.RULE_VIOLATION]
    more = [ErrorCode.RULE_VIOLATIONS, ErrorCode.SYSTEM_ERROR]

    expected = ["not_found", "forbidden", "conflict", "rule_violation", "rule_violations", "system_error"]
    assert expected == codes + more
    assert expected == [str(code) for code in codes + more]


@pytest.mark.parametrize(("make", "attribute"), [(JobTimeoutError, "timeout"), (JobFailedError, "cause")])
def test_a_job_error_needs_its_job_only(make: Any, attribute: str) -> None:
    """What is not known is None."""
    assert None is getattr(make("j"), attribute)
