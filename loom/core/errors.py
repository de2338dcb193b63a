"""Which errors exist, what each one means to a caller, and how compile-time problems are described.

One tree. A class is a contract: a stable `code`, an HTTP `status` the edges may use, typed attributes. Libraries raise;
only edges (REST, worker, CLI, studio) translate. Nothing below an edge knows HTTP: `status` is data on the class.
"""

import builtins
import difflib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct


class ErrorCode(StrEnum):
    """Stable codes of the error tree. `error.code == "not_found"` holds."""

    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    RULE_VIOLATION = "rule_violation"
    RULE_VIOLATIONS = "rule_violations"
    VALIDATION_ERROR = "validation_error"
    INVALID_QUERY = "invalid_query"
    SYSTEM_ERROR = "system_error"
    UNAVAILABLE = "unavailable"


class LoomError(Exception):
    """Root of everything loom raises on purpose.

    Attributes:
        message: one sentence for the caller; also `str(error)`.
        code: stable machine-readable word.
        status: the HTTP status an HTTP edge answers with.
    """

    status: ClassVar[int] = 500

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with every attribute, whatever the constructor of the class takes."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(cls: type[LoomError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> LoomError:
    error = cls.__new__(cls, *arguments)
    error.__dict__.update(attributes)
    return error


class DomainError(LoomError):
    """A business failure: the caller can do something about it."""


class SystemError(LoomError, builtins.SystemError):  # noqa: A001 - the API's name; also the builtin, for code that expects it
    """The infrastructure failed; the caller did nothing wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=ErrorCode.SYSTEM_ERROR)


class Unavailable(SystemError):
    """A dependency is gone or saturated; the same call may succeed later.

    Attributes:
        retry_after_s: seconds a caller should wait before asking again.
    """

    status = 503
    retry_after_s: ClassVar[int] = 1

    def __init__(self, message: str = "The service is temporarily unavailable") -> None:
        super().__init__(message)
        self.code = ErrorCode.UNAVAILABLE


class Contention(Unavailable):
    """The database undid the transaction because another stood in its way (serialization failure, deadlock).

    Nothing was stored. The executor runs the use case again, a few times, before a caller sees this.
    """

    def __init__(self, message: str = "Too many changes of the same data at once") -> None:
        super().__init__(message)


class NotFound(DomainError):
    """`entity` has no row identified by `id`."""

    status = 404

    def __init__(self, entity: str, *, id: Any) -> None:  # noqa: A002 - the API's name
        super().__init__(f"{entity} with id={id!r} not found", code=ErrorCode.NOT_FOUND)
        self.entity = entity
        self.id = id


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    status = 403

    def __init__(self, message: str = "Forbidden") -> None:
        super().__init__(message, code=ErrorCode.FORBIDDEN)


class Conflict(DomainError):
    """The change contradicts what is stored (unique, foreign key, restrict)."""

    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message, code=ErrorCode.CONFLICT)


class RuleViolation(DomainError):
    """One rule said no. `str()` is `field: message`; `message` stays bare."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, code=ErrorCode.RULE_VIOLATION)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class RuleViolations(DomainError):
    """Every rule of one run that said no, in declaration order."""

    status = 422

    def __init__(self, violations: Iterable[RuleViolation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(map(str, self.violations)), code=ErrorCode.RULE_VIOLATIONS)


class InvalidQuery(DomainError, ValueError):
    """A filter, sort, page, limit or cursor that cannot be run. `field` names the parameter where one is to blame."""

    status = 400

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, code=ErrorCode.INVALID_QUERY)
        self.field = field


class InvalidPayload(DomainError, ValueError):
    """A payload that does not fit its command. `violations` are (field, message), fields in snake_case."""

    status = 422

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        self.violations = tuple(RuleViolation(field, message) for field, message in violations)
        super().__init__("; ".join(map(str, self.violations)), code=ErrorCode.VALIDATION_ERROR)


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One problem found while declaring or compiling; gathered, never raised one by one.

    Attributes:
        code: stable word, listed in the documentation.
        message: one sentence that says the thing.
        file: absolute path of the user's source; "" where there is none.
        line: 1-based; 0 where unknown.
        where: drawn path to the culprit, e.g. `CreateUserUseCase > rules[1]`.
        hint: what to do about it, e.g. `did you mean 'email'?`; "" where nothing is known.
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        where = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{where}{self.message}{hint} [{self.code}]"


class DiagnosticError(LoomError):
    """Everything that is wrong with a declaration, at once.

    Attributes:
        diagnostics: all of them, in source order of discovery; never empty.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], *, code: str = "invalid_declaration") -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)), code=code)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the closest known name, or "" where none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
