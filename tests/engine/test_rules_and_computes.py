"""How a run calls computes and rules, what they see, and what their failures become."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from loom.core.command import Command, Patch
from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.errors import RuleViolation, RuleViolations
from loom.core.use_case import Compute, Exists, F, Input, LoadById, Rule, UseCase


class Item(msgspec.Struct, frozen=True):
    id: int


class Change(Command, frozen=True):
    name: Patch[str]
    amount: int = 1
    double: int = 0
    twice: int = 0


class Items:
    async def get_by_id(self, key: int, profile: str = "default") -> Item:
        return Item(key)

    async def exists_by(self, field: str, value: Any) -> bool:
        return True


async def run(rules: Any = (), computes: Any = (), **payload: Any) -> Change:
    declared_rules, declared_computes = rules, computes

    class Apply(UseCase[Any, Change]):
        rules = declared_rules
        computes = declared_computes

        async def execute(
            self,
            item_id: int,
            cmd: Change = Input(),
            item: Item = LoadById(Item, by="item_id"),
            known: bool = Exists(Item, from_param="item_id", against="id"),
        ) -> Change:
            return cmd

    runner = RuntimeExecutor(UseCaseCompiler())
    changed: Change = await runner.execute(
        Apply(), params={"item_id": 7}, payload=payload, dependencies={Item: Items()}
    )
    return changed


DOUBLE = Compute.set(F(Change).double).from_command(F(Change).amount, via=lambda v: v * 2)
TWICE = Compute.set(F(Change).twice).from_command(F(Change).double, via=lambda v: v * 2)


async def test_computes_run_in_order_before_any_rule() -> None:
    """Each sees what the one before set; rules judge the final command."""
    seen: list[tuple[int, int]] = []

    def look(cmd: Change, fields: frozenset[str]) -> None:
        seen.append((cmd.double, cmd.twice))

    changed = await run(rules=[look], computes=[DOUBLE, TWICE], amount=3)

    assert ([(6, 12)], 12) == (seen, changed.twice)


async def test_a_field_that_was_sent_can_be_normalised() -> None:
    """The target may be an input field; what was sent stays what rules see as sent."""
    sent: list[frozenset[str]] = []
    upper = Compute.set(F(Change).name).from_command(F(Change).name, via=str.upper).when_present(F(Change).name)

    changed = await run(rules=[lambda _, fields: sent.append(fields)], computes=[upper, DOUBLE], name="a")
    unchanged = await run(computes=[upper])

    assert ("A", [frozenset({"name"})], None) == (changed.name, sent, unchanged.name)


CONTEXTS: list[Callable[[list[Any]], Any]] = [
    lambda seen: lambda cmd, fields, context: seen.append(context),
    lambda seen: lambda *args: seen.append(args[2]),
    lambda seen: lambda cmd, fields, context=None: seen.append(context),
]


@pytest.mark.parametrize("make", CONTEXTS, ids=["third", "collected", "defaulted"])
async def test_a_rule_with_a_third_parameter_gets_every_argument_of_execute(make: Any) -> None:
    """Params converted, the command, loaded entities and checks, by name."""
    seen: list[Any] = []

    changed = await run(rules=[make(seen)])

    assert [{"item_id": 7, "cmd": changed, "item": Item(7), "known": True}] == seen


async def test_a_compute_sees_the_command_as_it_was_sent_in_its_context() -> None:
    """The context is the run's before computing; rules get the final command in theirs."""
    seen: list[tuple[str, int]] = []

    def compute(cmd: Change, fields: frozenset[str], context: Any) -> Change:
        seen.append(("compute", context["cmd"].double))
        return cmd

    def judge(cmd: Change, fields: frozenset[str], context: Any) -> None:
        seen.append(("rule", context["cmd"].double))

    await run(rules=[judge], computes=[DOUBLE, compute])

    assert [("compute", 0), ("rule", 2)] == seen


async def test_a_declared_step_takes_arguments_of_execute_last() -> None:
    """Values of the command first, then the named ones."""
    add = (
        Compute.set(F(Change).double).from_command(F(Change).amount, via=lambda v, key: v + key).from_params("item_id")
    )
    odd = Rule.check(F(Change).amount, via=lambda v, item: f"{v} for {item.id}").from_params("item")

    assert 8 == (await run(computes=[add])).double
    with pytest.raises(RuleViolations, match="amount: 1 for 7"):
        await run(rules=[odd])


def refuse(cmd: Change, fields: frozenset[str]) -> None:
    raise RuleViolation("a", "first")


async def test_every_rule_runs_whatever_the_ones_before_said() -> None:
    """Violations come in declaration order, raised together."""
    rules = [refuse, Rule.check(F(Change).amount, via=lambda _: True, message="second"), lambda _, __: False, refuse]

    with pytest.raises(RuleViolations) as caught:
        await run(rules=rules)

    assert [("a", "first"), ("amount", "second"), ("a", "first")] == [
        (v.field, v.message) for v in caught.value.violations
    ]


def raises(error: Exception) -> Callable[..., None]:
    def fail(cmd: Change, fields: frozenset[str]) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [TypeError("x"), RuleViolations([RuleViolation("b", "own")])])
async def test_any_other_error_of_a_rule_comes_out_at_once(error: Exception) -> None:
    """It is a defect, or a decision already made: nothing is collected, nothing after it runs."""
    later: list[int] = []

    with pytest.raises(type(error)) as caught:
        await run(rules=[refuse, raises(error), lambda _, __: later.append(1)])

    assert (True, []) == (caught.value is error, later)


@pytest.mark.parametrize("answer", [False, "no", True, 1])
async def test_what_a_plain_rule_returns_means_nothing(answer: Any) -> None:
    """It says no by raising, and in no other way."""
    assert 1 == (await run(rules=[lambda _, __: answer])).amount
