"""References to command fields."""

from typing import Any

import pytest

from loom.core.command import Command, Patch
from loom.core.use_case import F, FieldExpr, FieldRef, PredicateOp, Rule, field_ref


class Change(Command, frozen=True):
    name: Patch[str | None]
    path: str = ""
    amount: int | None = None


def test_a_reference_is_a_root_and_a_path() -> None:
    """Attributes append segments; the last one is the leaf; the lower-case name is the same function."""
    ref = F(Change).address.city

    assert (Change, ("address", "city"), "city") == (ref.root, ref.path, ref.leaf)
    assert F("alias").a == FieldRef("alias", ("a",))
    assert field_ref is F


def test_references_compare_and_hash_by_value() -> None:
    """The same field of the same root is the same reference."""
    assert {F(Change).name} == {F(Change).name, FieldRef(Change, ("name",))}
    assert F(Change).name != F("Change").name


def test_private_names_are_no_fields() -> None:
    """Copying and inspection look for them, and must not find references."""
    with pytest.raises(AttributeError):
        _ = F(Change)._private


def test_references_combine_left_to_right() -> None:
    """`|` and `&` give expressions, which combine further; there is no negation."""
    either = F(Change).name | F(Change).path
    both = either & F(Change).amount

    assert FieldExpr(PredicateOp.OR, F(Change).name, F(Change).path) == either
    assert FieldExpr(PredicateOp.AND, either, F(Change).amount) == both
    with pytest.raises(TypeError):
        _ = ~F(Change).name


PRESENCE: list[tuple[Any, dict[str, Any], bool]] = [
    (F(Change).name, {}, False),
    (F(Change).name, {"name": None}, True),
    (F(Change).name, {"name": "x"}, True),
    (F(Change).amount, {}, False),
    (F(Change).amount, {"amount": None}, False),
    (F(Change).amount, {"amount": 0}, True),
    (F(Change).path, {}, True),
    (F(Change).name | F(Change).amount, {"amount": 1}, True),
    (F(Change).name & F(Change).amount, {"amount": 1}, False),
    (F(Change).name & F(Change).amount, {"amount": 1, "name": None}, True),
    ((F(Change).name & F(Change).amount) | F(Change).path, {}, True),
]


@pytest.mark.parametrize(("predicate", "payload", "present"), PRESENCE)
def test_presence_is_being_sent_for_patch_fields_and_having_a_value_for_others(
    predicate: Any, payload: dict[str, Any], present: bool
) -> None:
    """A null that was sent is present, a default that was not is a value."""
    judged: list[bool] = []
    rule = Rule.check(F(Change).path, via=lambda _: judged.append(True)).when_present(predicate)
    command, fields_set = Change.from_payload(payload)

    rule(command, fields_set)

    assert present == bool(judged)
