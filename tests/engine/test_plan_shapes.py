"""Execution plans as values: built by hand, and by the compiler."""

import dataclasses
from typing import Any

import msgspec
import pytest

from loom.core.command import Command
from loom.core.engine import (
    ComputeStep,
    ExecutionPlan,
    ExistsStep,
    InputBinding,
    LoadStep,
    ParamBinding,
    RuleStep,
    UseCaseCompiler,
)
from loom.core.job import Job
from loom.core.use_case import Compute, Exists, F, Input, Load, LoadById, LookupKind, OnMissing, SourceKind, UseCase


class Item(msgspec.Struct, frozen=True):
    id: int
    sku: str = ""


class Order(Command, frozen=True):
    sku: str


def derive(cmd: Order, fields: frozenset[str], context: Any) -> Order:
    return cmd


def judge(cmd: Order, fields: frozenset[str]) -> None: ...


COPY = Compute.set(F(Order).sku).from_command(F(Order).sku)


class Place(UseCase[Item, int]):
    computes = [derive, COPY]
    rules = [judge]
    read_only = True

    async def execute(
        self,
        item_id: int,
        cmd: Order = Input(),
        item: Item = LoadById(Item, by="item_id", profile="detail"),
        same: Item = Load(Item, from_command="sku", against="sku", on_missing=OnMissing.RETURN_NONE),
        known: bool = Exists(Item, from_param="item_id", against="id"),
    ) -> int:
        return 1


class PlaceJob(Job[int]):
    async def execute(self, item_id: int, cmd: Order = Input()) -> int:
        return 1


def test_a_compiled_plan_is_made_of_the_declared_steps() -> None:
    """Every part compares equal to one written by hand; functions are the very objects of the class."""
    plan = UseCaseCompiler().compile(Place)

    assert Place is plan.use_case_type
    assert (ParamBinding("item_id", int),) == plan.param_bindings
    assert InputBinding("cmd", Order) == plan.input_binding
    assert (
        LoadStep("item", Item, SourceKind.PARAM, "item_id", LookupKind.BY_ID, "id", profile="detail"),
        LoadStep("same", Item, SourceKind.COMMAND, "sku", LookupKind.BY_FIELD, "sku", on_missing=OnMissing.RETURN_NONE),
    ) == plan.load_steps
    assert (ExistsStep("known", Item, SourceKind.PARAM, "item_id", "id"),) == plan.exists_steps
    assert (ComputeStep(derive, accepts_context=True), ComputeStep(COPY)) == plan.compute_steps
    assert (RuleStep(judge, accepts_context=False),) == plan.rule_steps
    assert plan.rule_steps[0].fn is judge
    assert plan.read_only is True


def test_a_job_compiles_like_a_use_case() -> None:
    """Same bindings; not read only."""
    plan = UseCaseCompiler().compile(PlaceJob)

    assert ((ParamBinding("item_id", int),), InputBinding("cmd", Order)) == (plan.param_bindings, plan.input_binding)
    assert plan.read_only is False


def test_a_plan_is_kept_per_compiler_and_on_the_class() -> None:
    """A compiler knows what it compiled, and nothing else's."""
    compiler = UseCaseCompiler()
    assert compiler.get_plan(Place) is None

    plan = compiler.compile(Place)
    assert plan is compiler.get_plan(Place)
    assert plan is compiler.compile(Place)
    assert plan is Place.__execution_plan__
    assert UseCaseCompiler().get_plan(Place) is None


PARTS: list[tuple[type[Any], dict[str, Any], dict[str, Any]]] = [
    (ParamBinding, {"name": "a", "annotation": int}, {}),
    (InputBinding, {"name": "cmd", "command_type": Order}, {}),
    (
        LoadStep,
        {
            "name": "item",
            "entity_type": Item,
            "source_kind": SourceKind.PARAM,
            "source_name": "item_id",
            "lookup_kind": LookupKind.BY_ID,
            "against": "id",
        },
        {"profile": "default", "on_missing": OnMissing.RAISE},
    ),
    (
        ExistsStep,
        {
            "name": "known",
            "entity_type": Item,
            "source_kind": SourceKind.PARAM,
            "source_name": "item_id",
            "against": "id",
        },
        {"on_missing": OnMissing.RETURN_FALSE},
    ),
    (ComputeStep, {"fn": derive}, {"accepts_context": False}),
    (RuleStep, {"fn": judge}, {"accepts_context": False}),
    (
        ExecutionPlan,
        {
            "use_case_type": Place,
            "param_bindings": (),
            "input_binding": None,
            "load_steps": (),
            "exists_steps": (),
            "compute_steps": (),
            "rule_steps": (),
        },
        {"read_only": False},
    ),
]


@pytest.mark.parametrize(("part", "given", "defaults"), PARTS, ids=[part.__name__ for part, *_ in PARTS])
def test_a_part_is_made_by_position_or_name_and_is_frozen(
    part: type[Any], given: dict[str, Any], defaults: dict[str, Any]
) -> None:
    """Both ways give equal values with the promised defaults."""
    made = part(**given)

    assert made == part(*given.values())
    assert {**given, **defaults} == {name: getattr(made, name) for name in (*given, *defaults)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(made, next(iter(given)), None)
