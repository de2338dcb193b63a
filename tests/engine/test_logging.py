"""What compiling and running tell a logger and an observer."""

from typing import Any

import msgspec
import pytest

from loom.core.bootstrap import create_kernel
from loom.core.command import Command
from loom.core.engine import EventKind, RuntimeEvent, RuntimeExecutor, UseCaseCompiler
from loom.core.errors import RuleViolation, RuleViolations
from loom.core.tracing import reset_trace_id, set_trace_id
from loom.core.use_case import Compute, Exists, F, Input, Load, LoadById, Rule, UseCase


class Item(msgspec.Struct, frozen=True):
    id: int
    sku: str


class Order(Command, frozen=True):
    sku: str
    amount: int = 1
    double: int = 0


def _amount_is_small(cmd: Order, fields: frozenset[str]) -> None:
    if cmd.amount > 9:
        raise RuleViolation("amount", "too many")


class PlaceOrder(UseCase[Item, int]):
    computes = (Compute.set(F(Order).double).from_command(F(Order).amount, via=lambda v: v * 2),)
    rules = (Rule.check(F(Order).amount, via=lambda v: v < 0, message="amount must be >= 0"), _amount_is_small)

    async def execute(
        self,
        item_id: int,
        cmd: Order = Input(),
        item: Item = LoadById(Item, by="item_id"),
        same: Item = Load(Item, from_command="sku", against="sku"),
        known: bool = Exists(Item, from_command="sku", against="sku"),
    ) -> int:
        if cmd.sku == "boom":
            raise ZeroDivisionError("boom")
        return cmd.double


class Items:
    async def get_by_id(self, key: int, profile: str = "default") -> Item:
        return Item(id=key, sku="a")

    async def get_by(self, field: str, value: Any, profile: str = "default") -> Item:
        return Item(id=1, sku=value)

    async def exists_by(self, field: str, value: Any) -> bool:
        return True


class Page:
    """A logger that writes down what it is told; what is bound to it comes with every line."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []
        self.bound: list[dict[str, Any]] = []
        self._fields: dict[str, Any] = {}

    def bind(self, **fields: Any) -> "Page":
        self.bound.append(fields)
        child = Page()
        child.lines, child.bound, child._fields = self.lines, self.bound, {**self._fields, **fields}
        return child

    def debug(self, event: str, /, **fields: Any) -> None:
        self.lines.append(("debug", event, {**self._fields, **fields}))

    def info(self, event: str, /, **fields: Any) -> None:
        self.lines.append(("info", event, {**self._fields, **fields}))

    def warning(self, event: str, /, **fields: Any) -> None:
        self.lines.append(("warning", event, {**self._fields, **fields}))

    def error(self, event: str, /, **fields: Any) -> None:
        self.lines.append(("error", event, {**self._fields, **fields}))

    def exception(self, event: str, /, **fields: Any) -> None:
        self.lines.append(("exception", event, {**self._fields, **fields}))

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(level, event.partition("[DONE]")[1] or event) for level, event, _ in self.lines]


class Ear:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[RuntimeEvent] = []

    def on_event(self, event: RuntimeEvent) -> None:
        self.heard.append(event)


async def run(page: Page | None = None, *, ear: Ear | None = None, debug: bool = False, **payload: Any) -> Any:
    executor = RuntimeExecutor(UseCaseCompiler(), logger=page, metrics=ear, debug_execution=debug)
    return await executor.execute(
        PlaceOrder(), params={"item_id": 1}, payload={"sku": "a", **payload}, dependencies={Item: Items()}
    )


def test_compiling_says_what_is_found() -> None:
    """One line per finding, with the name of the class, and the number of steps at the end."""
    page = Page()

    UseCaseCompiler(logger=page).compile(PlaceOrder)

    assert [
        ("info", "[BOOT] Compiling UseCase: PlaceOrder"),
        ("info", "[BOOT] Detected Input: Order"),
        ("info", "[BOOT] Detected LoadById: Item by item_id"),
        ("info", "[BOOT] Detected Load: Item by sku"),
        ("info", "[BOOT] Detected Exists: Item by sku"),
        ("info", "[BOOT] Validated 1 compute steps"),
        ("info", "[BOOT] Validated 2 rules"),
        ("info", "[BOOT] ExecutionPlan built (6 steps)"),
    ] == page.said
    assert {"PlaceOrder"} == {fields["usecase"] for _, _, fields in page.lines}


def test_a_plan_that_is_known_is_not_mentioned() -> None:
    """A second compile gives the same plan object and says nothing to anybody."""
    page, ear = Page(), Ear()
    compiler = UseCaseCompiler(page, ear)
    first, said, heard = compiler.compile(PlaceOrder), len(page.lines), len(ear.heard)

    assert first is compiler.compile(PlaceOrder)
    assert (said, heard) == (len(page.lines), len(ear.heard))


def test_compiling_is_told_to_an_observer() -> None:
    """Start and end, under the class's qualified name."""
    ear = Ear()

    UseCaseCompiler(metrics=ear).compile(PlaceOrder)

    assert [(EventKind.COMPILE_START, "PlaceOrder"), (EventKind.COMPILE_DONE, "PlaceOrder")] == [
        (event.kind, event.use_case_name) for event in ear.heard
    ]


async def test_a_run_says_that_it_starts_and_that_it_is_done() -> None:
    """Two info lines; the second has the duration and the status."""
    page = Page()

    await run(page)

    assert [("info", "[EXEC] PlaceOrder"), ("info", "[DONE]")] == page.said
    _, text, fields = page.lines[-1]
    assert text.endswith("ms")
    assert fields == {"usecase": "PlaceOrder", "duration_ms": pytest.approx(0, abs=1000), "status": "success"}


async def test_steps_are_said_only_in_debugging() -> None:
    """Every step has a line before it runs, in the order of the plan."""
    page = Page()

    await run(page, debug=True)

    assert [
        "[STEP] Bind Input",
        "[STEP] Load Item",
        "[STEP] Load Item",
        "[STEP] Exists Item",
        "[STEP] Compute double",
        "[STEP] Rule amount must be >= 0",
        "[STEP] Rule _amount_is_small",
        "[STEP] Execute core logic",
    ] == [text for _, text in page.said if text.startswith("[STEP]")]


async def test_rules_that_say_no_are_warnings() -> None:
    """One line per violation, then the failure, all as warnings: the caller is to blame."""
    page = Page()

    with pytest.raises(RuleViolations):
        await run(page, amount=-1)

    assert [
        ("info", "[EXEC] PlaceOrder"),
        ("warning", "[RULE] amount: amount must be >= 0"),
        ("warning", "[FAIL] PlaceOrder"),
    ] == page.said


async def test_any_other_failure_is_an_error() -> None:
    """The line has the status and the text of the error."""
    page = Page()

    with pytest.raises(ZeroDivisionError):
        await run(page, sku="boom")

    assert ("error", "[FAIL] PlaceOrder") == page.said[-1]
    assert {"usecase": "PlaceOrder", "status": "failure", "error": "boom"} == page.lines[-1][2]


async def test_a_trace_id_is_bound_exactly_once() -> None:
    """Inside a request every line of a run carries its id; outside one nothing is bound."""
    page = Page()
    await run(page)
    assert [] == page.bound

    token = set_trace_id("t1")
    try:
        await run(page, debug=True)
    finally:
        reset_trace_id(token)

    assert [{"trace_id": "t1"}] == page.bound
    assert {"t1"} == {fields.get("trace_id") for _, _, fields in page.lines[2:]}


async def test_a_run_is_told_to_an_observer_with_its_trace_id() -> None:
    """Start and end carry the id; the end has status and duration."""
    ear, token = Ear(), set_trace_id("t1")
    try:
        await run(ear=ear)
    finally:
        reset_trace_id(token)

    start, end = ear.heard
    assert (EventKind.EXEC_START, EventKind.EXEC_DONE) == (start.kind, end.kind)
    assert {("PlaceOrder", "t1")} == {(event.use_case_name, event.trace_id) for event in ear.heard}
    assert ("success", None) == (end.status, end.error)
    assert end.duration_ms is not None


@pytest.mark.parametrize(
    ("payload", "status", "error"),
    [({"amount": -1}, "rule_failure", RuleViolations), ({"sku": "boom"}, "failure", ZeroDivisionError)],
)
async def test_a_failure_is_told_with_its_kind_and_comes_out_unchanged(
    payload: dict[str, Any], status: str, error: type[Exception]
) -> None:
    """The observer gets the very error the caller gets; without a trace the id is None."""
    ear = Ear()

    with pytest.raises(error) as caught:
        await run(ear=ear, **payload)

    end = ear.heard[-1]
    assert (EventKind.EXEC_ERROR, status, caught.value, None) == (end.kind, end.status, end.error, end.trace_id)
    assert end.duration_ms is not None


async def test_the_logger_of_a_kernel_hears_of_compiling_and_running() -> None:
    """One logger given to the kernel is told of both."""
    page = Page()
    kernel = create_kernel(config={}, use_cases=[Ping], logger=page)

    await kernel.app.invoke(Ping)

    assert "[BOOT] Compiling UseCase: Ping" in [text for _, text in page.said]
    assert [("info", "[EXEC] Ping"), ("info", "[DONE]")] == page.said[-2:]


class Ping(UseCase[Any, str]):
    async def execute(self) -> str:
        return "pong"


async def test_a_logger_that_fails_does_not_stop_a_run() -> None:
    """Logging is told, never asked."""

    class Broken(Page):
        def info(self, event: str, /, **fields: Any) -> None:
            raise OSError("disk full")

    assert 2 == await run(Broken())
