"""The drawn plan: the same steps as everywhere else, never overlapping."""

from typing import Any

import pytest

from loom.core.command import Command
from loom.core.engine import UseCaseCompiler
from loom.core.engine.draw import draw_plan
from loom.core.engine.plan import Plan, Step, StepKind
from loom.core.use_case import Compute, F, Input, Rule, UseCase
from studio.diff import diff
from studio.planview import Drawing, draw
from studio.snapshot import Snapshot


class Order(Command):
    price: int
    total: int = 0


class PlaceOrder(UseCase[Any, int]):
    """Place an order."""

    computes = (Compute.set(F(Order).total).from_command(F(Order).price, via=lambda v: v * 2),)
    rules = (Rule.check(F(Order).price, via=lambda v: v <= 0, message="price must be > 0"),)

    async def execute(self, shop_id: int, cmd: Order = Input()) -> int:
        return cmd.total


def compiled() -> Plan:
    plan = UseCaseCompiler().compile(PlaceOrder).plan
    assert plan is not None
    return plan


def test_the_printed_plan_and_the_drawn_plan_show_the_same_steps() -> None:
    """`loom plan` and the studio's page read one value."""
    plan = compiled()
    printed = [line.split()[1] for line in draw_plan(plan).splitlines() if line[:3].strip() in set("○◇ƒ✓▶") and line]

    assert [box.step.id for box in draw(plan).boxes] == [step.id for step in plan.steps]
    assert [step for step in printed if ":" in step or step == "execute"] == [step.id for step in plan.steps]


def many(count: int) -> Plan:
    kinds = list(StepKind)
    steps = tuple(
        Step(id=f"s:{i}", kind=kinds[i % len(kinds)], label="x" * 300, reads=("v",), writes=("v",))
        for i in range(count)
    )
    return Plan(name="Many", key="m:Many", steps=steps)


def overlapping(drawing: Drawing) -> int:
    boxes = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in drawing.boxes]
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    return sum(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in pairs)


@pytest.mark.parametrize("count", [0, 1, 7, 60])
def test_no_two_boxes_overlap_and_all_are_inside(count: int) -> None:
    """Whatever the plan, boxes keep apart and fit the drawing."""
    drawing = draw(many(count))

    assert overlapping(drawing) == 0
    assert all(b.x + b.width <= drawing.width and b.y + b.height <= drawing.height for b in drawing.boxes)


def test_a_snapshot_does_not_differ_from_itself() -> None:
    """No change, no words."""
    snapshot = Snapshot(app="a", plans=(compiled(),))

    assert diff(snapshot, snapshot) == ()


def test_a_changed_rule_is_said_in_words() -> None:
    """The sentence names use case, rule and label, and links to the step."""
    rules = (Rule.check(F(Order).price, via=lambda v: v < 9, message="m"),)
    other = type("PlaceOrder", (PlaceOrder,), {"rules": rules, "__module__": PlaceOrder.__module__})
    changed = UseCaseCompiler().compile(other).plan
    assert changed is not None

    (change,) = diff(Snapshot(app="a", plans=(compiled(),)), Snapshot(app="a", plans=(changed,)))

    assert (change.text, change.step) == ('PlaceOrder: rule 1 "m" changed', "rule:1")
