"""From a finished live trace to data: names instead of objects, secrets gone, everything within bounds."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from loom.core.errors import (
    Conflict,
    DomainError,
    Forbidden,
    InvalidPayload,
    InvalidQuery,
    NotFound,
    RuleViolation,
    RuleViolations,
)
from loom.core.tracing import clean_trace_id
from studio.events import Frame
from studio.failures import make_frame, own_first
from studio.recorder.http import MAX_BODY_BYTES, LiveExchange
from studio.recorder.live import LiveSpan, LiveTrace
from studio.recorder.pack import pack, unpack
from studio.recorder.redact import Redactor
from studio.trace import Body, Call, Dispatch, Exchange, LogLine, Outcome, Span, SpanKind, StepRun, Trace, Verdict

FRAMES_KEPT = 20
_ORDERED: tuple[tuple[type[BaseException], Outcome], ...] = (
    (RuleViolations, Outcome.REJECTED),
    (RuleViolation, Outcome.REJECTED),
    (NotFound, Outcome.MISSING),
    (InvalidPayload, Outcome.INVALID),
    (InvalidQuery, Outcome.INVALID),
    (Conflict, Outcome.REFUSED),
    (Forbidden, Outcome.REFUSED),
)


class Finisher:
    """Turns live traces into `Trace`s.

    Args:
        root: the project; frames below it are the user's own.
        secrets: values that are hidden wherever they occur.
        words: further words that make a key sound secret.
        trace_header: where an answer carries the application's id of the request.
    """

    def __init__(
        self,
        root: Path,
        secrets: frozenset[str] = frozenset(),
        words: tuple[str, ...] = (),
        trace_header: str = "x-request-id",
    ) -> None:
        self._root = root
        self._header = trace_header.lower()
        self._secrets = secrets
        self._words = words

    def finish(self, live: LiveTrace) -> Trace:
        """Return `live` as data."""
        return _Finishing(live, Redactor(self._secrets, self._words), self._root, self._header).trace()


class _Finishing:
    def __init__(self, live: LiveTrace, redactor: Redactor, root: Path, header: str) -> None:
        self._live = live
        self._header = header
        self._redactor = redactor
        self._root = root

    def trace(self) -> Trace:
        live = self._live
        bodies = self._bodies()
        spans = [(unpack(s.params), unpack(s.payload), [unpack(step[5]) for step in s.steps]) for s in live.spans]
        calls = [_named(call[5]) for call in live.calls]
        asked = [(unpack(d[6]), unpack(d[7])) for d in live.dispatches]
        if live.full:
            for tree in (*(body for body, _ in bodies), *self._named_texts(), *spans, *calls, *asked):
                self._redactor.learn(tree)
        return Trace(
            id=live.id,
            trace_id=self._answered_id() or live.trace_id,
            at=live.at,
            took=live.took,
            exchange=self._exchange(bodies) if bodies else None,
            depth="full" if live.full else "outline",
            spans=tuple(self._span(*pair) for pair in zip(live.spans, spans, strict=True)),
            calls=tuple(self._call(*pair) for pair in zip(live.calls, calls, strict=True)),
            logs=tuple(self._log(*line) for line in live.logs),
            dispatches=tuple(self._dispatch(*pair) for pair in zip(live.dispatches, asked, strict=True)),
            left_out=live.left_out,
        )

    def _bodies(self) -> list[tuple[Any, str]]:
        """The two bodies, each with a note; empty where there is no exchange."""
        exchange: LiveExchange | None = self._live.exchange
        if exchange is None:
            return []
        if not self._live.full:
            return [(None, ""), (None, "")]
        sent, answered = _headers(exchange.scope["headers"]), _headers(exchange.answer_headers)
        return [
            read_body(exchange.body, exchange.body_size, _type(sent)),
            read_body(exchange.answer, exchange.answer_size, _type(answered)),
        ]

    def _named_texts(self) -> Iterable[Any]:
        exchange: LiveExchange | None = self._live.exchange
        if exchange is not None:
            yield dict(_headers(exchange.scope["headers"]))
            yield dict(_query(exchange.scope))

    def _answered_id(self) -> str:
        """The id the application answered with."""
        sent = _headers(self._live.exchange.answer_headers) if self._live.exchange else ()
        return next((clean_trace_id(v) or "" for name, v in sent if name.lower() == self._header), "")

    def _exchange(self, bodies: list[tuple[Any, str]]) -> Exchange:
        live: LiveExchange = self._live.exchange
        (body, note), (answer, answer_note) = bodies
        clean, pairs = self._redactor.clean, self._redactor.pairs
        sent, answered = _headers(live.scope["headers"]), _headers(live.answer_headers)
        full = self._live.full
        return Exchange(
            method=live.scope["method"],
            path=self._redactor.text(live.scope["path"]),
            query=pairs(_query(live.scope)) if full else (),
            status=live.status,
            headers=pairs(sent) if full else (),
            body=Body(live.body_size, _type(sent), clean(body), note),
            answer_headers=pairs(answered) if full else (),
            answer=Body(live.answer_size, _type(answered), clean(answer), answer_note),
        )

    def _span(self, live: LiveSpan, values: tuple[Any, Any, list[Any]]) -> Span:
        params, payload, steps = values
        error, clean = live.error, self._redactor.clean
        return Span(
            parent=live.parent,
            kind=SpanKind(live.kind),
            name=live.name,
            at=live.at // 1000,
            took=live.took // 1000,
            outcome=outcome_of(error),
            plan=live.plan.key if live.plan else "",
            plan_hash=live.plan.hash if live.plan else "",
            job_id=live.job_id,
            error=type(error).__name__ if error else "",
            message=self._told(error) if error else "",
            params=clean(params),
            payload=clean(payload),
            steps=tuple(self._step(live, step, value) for step, value in zip(live.steps, steps, strict=True)),
            frames=self._frames(live),
        )

    def _step(self, live: LiveSpan, step: tuple[Any, ...], value: Any) -> StepRun:
        index, verdict, began, ended, why, _ = step
        at, took = began - self._live.began, ended - began
        reason = self._told(why) or type(why).__name__ if isinstance(why, BaseException) else why or ""
        inputs: list[Any] | None = None
        if live.plan is not None and live.plan.steps[index].kind == "rule" and isinstance(value, list):
            reads = live.plan.steps[index].reads
            given, value = (value[0] if value else None), (value[1] if len(value) > 1 else None)
            inputs = self._inputs(reads, given)
        return StepRun(index, Verdict(verdict), at // 1000, took // 1000, reason, self._redactor.clean(value), inputs)

    def _told(self, error: BaseException) -> str:
        """What `error` says. An outline does not know the secrets of its request: it keeps what the client was told."""
        text = error.message if isinstance(error, RuleViolation) else str(error)
        return self._redactor.text(text) if self._live.full or isinstance(error, DomainError) else ""

    def _inputs(self, reads: tuple[str, ...], given: Any) -> list[Any] | None:
        """Values by the names of what the rule reads where they pair up, so that secret ones are hidden by name."""
        if not isinstance(given, list):
            return None
        if len(reads) != len(given):
            return [self._redactor.clean(value) for value in given]
        named = [
            self._redactor.clean({name.rpartition(".")[2]: value}) for name, value in zip(reads, given, strict=True)
        ]
        return [next(iter(pair.values())) for pair in named]

    def _frames(self, live: LiveSpan) -> tuple[Frame, ...]:
        if not live.frames:
            return ()
        found = own_first(make_frame(*frame, self._root) for frame in live.frames)
        return found[:FRAMES_KEPT]

    def _call(self, call: tuple[Any, ...], values: Any) -> Call:
        span, step, at, took, statement, _, rows, place, error = call
        file, line, function = place or ("", 0, "")
        text, values = self._redactor.text(statement, 6000), self._redactor.clean(values)
        return Call(span, step, at // 1000, took // 1000, text, values, rows, file, line, function, error)

    def _log(self, span: int, step: int, at: int, level: str, name: str, text: str, file: str, line: int) -> LogLine:
        return LogLine(span, step, at // 1000, level, name, self._redactor.text(text), file, line)

    def _dispatch(self, asked: tuple[Any, ...], values: tuple[Any, Any]) -> Dispatch:
        span, step, at, name, job_id, queue = asked[:6]
        params, payload = (self._redactor.clean(value) for value in values)
        return Dispatch(span, step, at // 1000, name, job_id, queue, params, payload)


def outcome_of(error: BaseException | None) -> Outcome:
    """Return how work that ended with `error` ended."""
    if error is None:
        return Outcome.OK
    for kind, outcome in _ORDERED:
        if isinstance(error, kind):
            return outcome
    if isinstance(error, DomainError):
        return Outcome.INVALID if isinstance(error, ValueError) else Outcome.REFUSED
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.CANCELLED


def read_body(parts: list[bytes], size: int, kind: str) -> tuple[Any, str]:
    """Return what a body holds, and a note where it is not kept: what cannot be read cannot be redacted either.

    A body is read as JSON whatever a client calls it, as the API reads it too.
    """
    if size == 0:
        return None, ""
    if size > MAX_BODY_BYTES:
        return None, f"over {MAX_BODY_BYTES // 1024 // 1024} MB, not recorded"
    data = b"".join(parts)
    try:
        return msgspec.json.decode(data), ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if "json" in kind:
            return None, "not valid JSON, not recorded"
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(data.decode("utf-8", "replace"))), ""
    if kind.startswith("text/"):
        return data[:20_000].decode("utf-8", "replace"), ""
    return None, "not text, not recorded"


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]


def _query(scope: Any) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _type(headers: Iterable[tuple[str, str]]) -> str:
    found = (value for name, value in headers if name.lower() == "content-type")
    return next(found, "").partition(";")[0].strip().lower()


def _named(call: tuple[Any, Any] | None) -> Any:
    """Give positional parameters the names of their columns, so that they can be hidden by name."""
    if call is None:
        return None
    names, parameters = call
    if isinstance(parameters, tuple) and names is not None and len(names) == len(parameters):
        parameters = dict(zip(names, parameters, strict=True))
    return unpack(pack(parameters))
