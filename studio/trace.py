"""What one request, job or lone run did, as data: the value the recorder sends, the archive keeps and the pages draw.

Values are JSON-like trees, already redacted and cut to size; all times are microseconds since the trace began.
"""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from loom.core.engine.plan import Plan
from studio.events import Frame

SOCKET = "LOOM_RECORD_TO"
"""Environment variable: path of the studio's local socket, where finished traces go."""

DEPTH = "LOOM_RECORD"
"""Environment variable: `full` (default), `outline` or `off`."""


class SpanKind(StrEnum):
    """What a piece of work is."""

    REQUEST = "request"
    USE_CASE = "use_case"
    JOB = "job"
    """A job's plan being run."""
    ATTEMPT = "attempt"
    """One attempt of a dispatched job, its callbacks included."""
    CALLBACK = "callback"


class Outcome(StrEnum):
    """How a piece of work ended, as a developer would say it."""

    OK = "ok"
    REJECTED = "rejected"
    """At least one rule said no."""
    MISSING = "missing"
    """Something that was looked up is not there."""
    INVALID = "invalid"
    """The input did not fit."""
    REFUSED = "refused"
    """Another business error: a conflict, a missing right."""
    FAILED = "failed"
    """An exception nobody declared."""
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """How a step ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIP = "skip"


class StepRun(Struct, frozen=True, array_like=True):
    """One step as it went.

    Attributes:
        index: position in the plan's `steps`.
        reason: of a skipped step `condition`, `absent` or `compute_failed`; of a failed one its complaint.
        value: of a load the entity, of a compute the fields it set, of the input the command before computes, of a rule
            what its evaluator returned.
        inputs: what a rule's evaluator was called with; None where it is not known.
    """

    index: int
    verdict: Verdict
    at: int
    took: int
    reason: str = ""
    value: Any = None
    inputs: list[Any] | None = None


class Call(Struct, frozen=True, array_like=True):
    """One SQL statement.

    Attributes:
        step: index of the step that was current; -1 outside any.
        rows: fetched or changed; -1 where unknown.
        file, line, function: the nearest frame of the user's own code; "" and 0 where there is none.
    """

    span: int
    step: int
    at: int
    took: int
    statement: str
    parameters: Any = None
    rows: int = -1
    file: str = ""
    line: int = 0
    function: str = ""
    error: str = ""


class LogLine(Struct, frozen=True, array_like=True):
    """One log record; `step` as in `Call`."""

    span: int
    step: int
    at: int
    level: str
    logger: str
    text: str
    file: str = ""
    line: int = 0


class Dispatch(Struct, frozen=True, array_like=True):
    """A job that was asked for."""

    span: int
    step: int
    at: int
    name: str
    job_id: str
    queue: str = ""
    params: Any = None
    payload: Any = None


class Span(Struct, frozen=True, array_like=True):
    """One piece of work; its number is its place in `Trace.spans`.

    Attributes:
        parent: number of the span around it; -1 for the first.
        plan, plan_hash: which plan was walked; "" for spans without one.
        frames: where an undeclared exception came from, own frames first; only on the innermost span.
    """

    parent: int
    kind: SpanKind
    name: str
    at: int
    took: int = 0
    outcome: Outcome = Outcome.OK
    plan: str = ""
    plan_hash: str = ""
    job_id: str = ""
    error: str = ""
    message: str = ""
    params: Any = None
    payload: Any = None
    steps: tuple[StepRun, ...] = ()
    frames: tuple[Frame, ...] = ()


class Body(Struct, frozen=True, array_like=True):
    """What travelled. `content` is a tree or text; `note` says why there is none, or that it is cut."""

    size: int = 0
    type: str = ""
    content: Any = None
    note: str = ""


class Exchange(Struct, frozen=True, array_like=True):
    """The HTTP side of a request. `path` is without query; `headers` pair name and value in the order sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = Body()
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer: Body = Body()


class Trace(Struct, frozen=True, kw_only=True):
    """One recorded piece of work with everything inside it.

    Attributes:
        id: unique, sorts by time.
        trace_id: the application's id of the request; may repeat where a client sends it.
        at: seconds since 1970 when it began.
        exchange: None for work that no request asked for.
        depth: `full`, or `outline` without values.
        left_out: what was too much to keep: `calls`, `logs`, `spans` with their counts.
    """

    id: str
    trace_id: str
    at: float
    took: int
    exchange: Exchange | None = None
    depth: str = "full"
    spans: tuple[Span, ...] = ()
    calls: tuple[Call, ...] = ()
    logs: tuple[LogLine, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()
    left_out: dict[str, int] = {}


class Plans(Struct, frozen=True, tag="plans"):
    """Plans of the app that sends; each comes before the first trace that ran it."""

    plans: tuple[Plan, ...]


class Batch(Struct, frozen=True, tag="traces"):
    """Finished traces, oldest first, and how many were dropped since the last batch because nobody took them."""

    traces: tuple[Trace, ...]
    dropped: int = 0


Recorded = Plans | Batch

encoder = msgspec.msgpack.Encoder()
decoder: msgspec.msgpack.Decoder[Recorded] = msgspec.msgpack.Decoder(Recorded)
trace_decoder: msgspec.msgpack.Decoder[Trace] = msgspec.msgpack.Decoder(Trace)
