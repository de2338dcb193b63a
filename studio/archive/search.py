"""The search language of recorded requests: what a query asks for, as a condition of SQL. Pure.

status:failed  status:422  status:4xx  use:CreateUser  rule:"email must be valid"  path:/users  method:post
p>200ms  sql>10  since:15m  trace:ID   and plain words, found in path, names and what happened; -x excludes.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from loom.core.errors import did_you_mean
from studio.trace import Outcome

MAX_CHARS = 500
_TERM = re.compile(r'(-?)(?:([a-z]+)(:|>=|<=|>|<)("[^"]*"?|\S*)|("[^"]*"?|\S+))', re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d)?")
_MICROSECONDS = {"us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_COMPARE = frozenset({">", "<", ">=", "<="})


class Search(Struct, frozen=True):
    """A condition and its arguments; `problem` says what of the query was not understood ("": nothing)."""

    where: str = "1"
    arguments: tuple[Any, ...] = ()
    problem: str = ""


class _Unreadable(Exception):
    """A term that means nothing; its text is for the developer."""


Reader = Callable[[str, str, float], tuple[str, tuple[Any, ...]]]


def parse(query: str, *, now: float | None = None) -> Search:
    """Return what `query` asks for; every term must hold."""
    conditions: list[str] = []
    arguments: list[Any] = []
    moment = time.time() if now is None else now
    for minus, name, op, value, word in _TERM.findall(query[:MAX_CHARS]):
        try:
            condition, values = _term(name.lower(), op, _unquoted(value or word), moment)
        except _Unreadable as problem:
            return Search(problem=str(problem))
        conditions.append(f"NOT ({condition})" if minus else f"({condition})")
        arguments += values
    return Search(" AND ".join(conditions) or "1", tuple(arguments))


def _term(name: str, op: str, value: str, now: float) -> tuple[str, tuple[Any, ...]]:
    if not name:
        return _contains("text", value)
    reader = READERS.get(name)
    if reader is None:
        hint = did_you_mean(name, READERS) or f"known are {', '.join(READERS)}"
        raise _Unreadable(f"“{name}” is no qualifier: {hint}")
    if not value:
        raise _Unreadable(f"“{name}{op}” needs a value")
    return reader(op, value, now)


def _status(op: str, value: str, _: float) -> tuple[str, tuple[Any, ...]]:
    if value.isdigit() and len(value) == 3:
        return f"status {'=' if op == ':' else op} ?", (int(value),)
    if re.fullmatch(r"[1-5]xx", value.lower()):
        first = int(value[0]) * 100
        return "status BETWEEN ? AND ?", (first, first + 99)
    word = value.lower()
    if word == Outcome.FAILED:
        return "attention = 1", ()
    if word not in tuple(Outcome):
        hint = did_you_mean(word, [*Outcome]) or f"use a number, 4xx, or one of {', '.join(Outcome)}"
        raise _Unreadable(f"“{value}” is no status: {hint}")
    return "outcome = ?", (word,)


def _use(_: str, value: str, __: float) -> tuple[str, tuple[Any, ...]]:
    return "n IN (SELECT trace FROM runs WHERE name LIKE ? ESCAPE '\\')", (f"{_escaped(value)}%",)


def _took(op: str, value: str, _: float) -> tuple[str, tuple[Any, ...]]:
    found = _SPAN.fullmatch(value.lower())
    if op not in _COMPARE or found is None or (found[2] or "ms") not in _MICROSECONDS:
        raise _Unreadable(f"“p{op}{value}” is no duration: try p>200ms")
    return f"took {op} ?", (int(float(found[1]) * _MICROSECONDS[found[2] or "ms"]),)


def _count(column: str, op: str, value: str) -> tuple[str, tuple[Any, ...]]:
    if not value.isdigit() or len(value) > 9:
        raise _Unreadable(f"“{value}” is no count: try {column.removesuffix('s')}>10")
    return f"{column} {'=' if op == ':' else op} ?", (int(value),)


def _since(_: str, value: str, now: float) -> tuple[str, tuple[Any, ...]]:
    found = _SPAN.fullmatch(value.lower())
    if found is None or (found[2] or "m") not in _SECONDS:
        raise _Unreadable(f"“{value}” is no time span: try since:15m")
    return "at >= ?", (now - float(found[1]) * _SECONDS[found[2] or "m"],)


def _contains(column: str, value: str) -> tuple[str, tuple[Any, ...]]:
    return f"{column} LIKE ? ESCAPE '\\'", (f"%{_escaped(value)}%",)


def _escaped(value: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", value)


def _unquoted(value: str) -> str:
    return value.strip('"') if value.startswith('"') else value


READERS: dict[str, Reader] = {
    "status": _status,
    "use": _use,
    "rule": lambda _, value, __: _contains("rules", value),
    "path": lambda _, value, __: _contains("path", value),
    "method": lambda _, value, __: ("method = ?", (value.upper(),)),
    "p": _took,
    "sql": lambda op, value, _: _count("calls", op, value),
    "since": _since,
    "trace": lambda _, value, __: ("trace_id = ? OR id = ?", (value, value)),
}
"""Every qualifier there is."""
