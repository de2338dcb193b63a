"""Made-up traces for the demo: what a shop's visitors did, one of each outcome, and the ugly ones."""

import time
from collections.abc import Iterator

from loom.core.engine.plan import Plan, StepKind
from studio.events import Frame
from studio.trace import (
    Body,
    Call,
    Dispatch,
    Exchange,
    LogLine,
    Outcome,
    Span,
    SpanKind,
    StepRun,
    Trace,
    Verdict,
)

_ORDER = {"email": " Ada@Example.org ", "price": 19.9, "quantity": 3, "country": "DE", "coupon": None}
_DERIVED = {"email": "ada@example.org", "subtotal": 59.7, "tax_rate": 0.19, "tax_amount": 11.34}
_STATUS = {Outcome.OK: 201, Outcome.REJECTED: 422, Outcome.MISSING: 404, Outcome.FAILED: 500}


def traces_of(place: Plan, receipt: Plan, file: str) -> Iterator[Trace]:
    """Yield orders of every outcome, oldest first; `file` is where the made-up code stands."""
    for age in range(40, 12, -4):
        yield _order(place, receipt, file, age * 60, Outcome.OK)
    yield _order(place, receipt, file, 540, Outcome.FAILED, stop="execute")
    yield _order(place, receipt, file, 300, Outcome.MISSING, stop="load:customer")
    yield _order(place, receipt, file, 120, Outcome.OK, repeated=14)
    yield _order(place, receipt, file, 20, Outcome.REJECTED, stop="rule:2")


def ugly_traces(hostile: str, other: str) -> Iterator[Trace]:
    """Yield what breaks layouts: a long path, text of other scripts, hostile text, a large body."""
    big = {f"field {n}": hostile * 3 for n in range(100)} | {"…": "49,900 more"}
    for path in ("/" + "/".join(["segment-of-a-path"] * 17), "/" + other, "/" + hostile):
        body = Body(2_100_000, "application/json", big)
        exchange = Exchange("PATCH", path, ((hostile, other),), 500, ((hostile, hostile),), body, (), body)
        span = Span(-1, SpanKind.REQUEST, "PATCH", 0, 1_250_000, Outcome.FAILED, error="RuntimeError", message=hostile)
        logs = (LogLine(0, -1, 5, "ERROR", other, f"{hostile}\n{other}" * 20),)
        yield Trace(
            id=f"ugly{len(path):04}",
            trace_id=hostile,
            at=time.time() - 5,
            took=1_250_000,
            exchange=exchange,
            spans=(span,),
            logs=logs,
            left_out={"calls": 12_480},
        )


def _order(
    place: Plan, receipt: Plan, file: str, age_s: int, outcome: Outcome, *, stop: str = "", repeated: int = 1
) -> Trace:
    steps = tuple(_steps(place, stop))
    last = len(place.steps) - 1
    took = 1_800 + 400 * repeated + age_s
    error = {Outcome.REJECTED: "RuleViolations", Outcome.MISSING: "NotFound", Outcome.FAILED: "TimeoutError"}
    said = {
        Outcome.REJECTED: "email: email must be valid",
        Outcome.MISSING: "Customer with id=7 not found",
        Outcome.FAILED: "the payment gateway did not answer within 5 s",
    }
    failed = outcome is Outcome.FAILED
    frame = Frame(file=file, line=60, function="PlaceOrderUseCase.execute", code="", first_line=60, own=True)
    run = Span(
        0,
        SpanKind.USE_CASE,
        place.name,
        90,
        took - 200,
        outcome,
        place.key,
        place.hash,
        "",
        error.get(outcome, ""),
        said.get(outcome, ""),
        {"customer_id": 7},
        None,
        steps,
        (frame,) if failed else (),
    )
    spans = [Span(-1, SpanKind.REQUEST, "POST", 4, took + 900), run]
    calls = [Call(1, 2, 260, 310, "SELECT customers.id, customers.name FROM customers WHERE id = ?", {"id": 7}, 1)]
    if not stop:
        text = "SELECT products.id, products.price FROM products WHERE products.id = ?"
        calls += [
            Call(1, last, 900 + 90 * n, 80, text, {"id": n}, 1, file, 62, "PlaceOrderUseCase.execute")
            for n in range(repeated)
        ]
        spans += [
            Span(1, SpanKind.ATTEMPT, receipt.name, took, 800, job_id="5f1c"),
            Span(2, SpanKind.JOB, receipt.name, took + 20, 600, Outcome.OK, receipt.key, receipt.hash, "5f1c"),
        ]
    body = Body(96, "application/json", _ORDER)
    exchange = Exchange("POST", "/customers/7/orders/", (), _STATUS[outcome], (("user-agent", "demo"),), body)
    return Trace(
        id=f"demo{10_000 - age_s:06}",
        trace_id=f"order-{age_s}",
        at=time.time() - age_s,
        took=took + 1_000,
        exchange=exchange,
        spans=tuple(spans),
        calls=tuple(calls),
        logs=(LogLine(1, last, 1_200, "INFO", "shop.orders", "order placed, 3 lines", file, 63),) if not stop else (),
        dispatches=() if stop else (Dispatch(1, last, 1_300, receipt.name, "5f1c", "mail", {"order_id": 88}),),
    )


def _steps(plan: Plan, stop: str) -> Iterator[StepRun]:
    """Walk the plan up to `stop`; after a rule that says no the other rules still run."""
    at = 120
    for index, step in enumerate(plan.steps):
        at += 37
        if step.kind is StepKind.EXECUTE and stop.startswith("rule"):
            return
        if step.id == stop:
            value, inputs = ("email must be valid", ["ada.example.org"]) if stop.startswith("rule") else (None, None)
            reason = {"rule:2": "email must be valid", "load:customer": "Customer with id=7 not found"}.get(stop, "")
            yield StepRun(index, Verdict.FAIL, at, 12, reason or "no answer", value, inputs)
            if not stop.startswith("rule"):
                return
        elif step.when:
            yield StepRun(index, Verdict.SKIP, at, 0, "condition")
        else:
            yield StepRun(index, Verdict.PASS, at, 8 + 3 * index, "", *_made(step.kind, step.label, step.reads))


def _made(kind: StepKind, label: str, reads: tuple[str, ...]) -> tuple[object, list[object] | None]:
    known = _ORDER | {"subtotal": None, "tax_rate": None, "tax_amount": None}
    if kind is StepKind.RULE:
        return None, [(_ORDER | _DERIVED).get(name.rpartition(".")[2]) for name in reads]
    values: dict[StepKind, object] = {
        StepKind.INPUT: known,
        StepKind.PARAM: 7,
        StepKind.LOAD: {"id": 7, "name": "Ada Lovelace"},
        StepKind.EXISTS: False,
        StepKind.COMPUTE: {label: _DERIVED.get(label)},
    }
    return values.get(kind), None
