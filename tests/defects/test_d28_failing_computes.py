"""D28: a compute that cannot go on is a violation, and rules still say what they can."""

from typing import Any

import pytest

from loom.core.bootstrap import create_kernel
from loom.core.command import Command, Computed
from loom.core.errors import RuleViolation, RuleViolations
from loom.core.use_case import Compute, F, Input, Rule, UseCase

RATES = {"ES": 0.21}


class Order(Command):
    """What is ordered."""

    country: str
    quantity: int
    rate: Computed[float]
    total: Computed[float]


def rate_of(country: str) -> float:
    """Look up a rate, refusing what has none."""
    if country not in RATES:
        raise ValueError("Unsupported country")
    return RATES[country]


def refuse(country: str) -> float:
    """Refuse in the words of a rule."""
    raise RuleViolation("country", f"is not served, {len(country)} letters or not")


class Price(UseCase[Any, float]):
    """Rate, then total, then rules."""

    computes = [
        Compute.set(F(Order).rate).from_command(F(Order).country, via=rate_of),
        Compute.set(F(Order).total).from_command(F(Order).rate, via=lambda rate: rate * 2),
    ]
    rules = [
        Rule.check(F(Order).quantity, via=lambda quantity: quantity <= 0, message="must be positive"),
        Rule.check(F(Order).total, via=lambda total: total > 9, message="too much"),
    ]

    async def execute(self, cmd: Order = Input()) -> float:
        """Return the total."""
        return cmd.total or 0.0


class Refuse(Price):
    """A compute that speaks like a rule."""

    computes = [Compute.set(F(Order).rate).from_command(F(Order).country, via=refuse), *Price.computes[1:]]


class LookUp(Price):
    """A compute that looks up what may not be there, and a rule that says what is served."""

    computes = [Compute.set(F(Order).rate).from_command(F(Order).country, via=lambda country: RATES[country])]
    rules = [Rule.check(F(Order).country, via=lambda country: country not in RATES, message="Unsupported country")]


class Careless(LookUp):
    """The same without the rule."""

    rules = []


async def violations(use_case: type[Any], payload: dict[str, Any]) -> list[tuple[str, str]]:
    """Run and return what was refused."""
    kernel = create_kernel(config=object(), use_cases=[use_case])
    with pytest.raises(RuleViolations) as caught:
        await kernel.executor.execute(kernel.factory.build(use_case), payload=payload)
    return [(violation.field, violation.message) for violation in caught.value.violations]


async def test_d28_failed_compute_is_a_violation_of_its_target() -> None:
    """A ValueError is a violation, collected with the rules that read what the client sent; others are passed over."""
    found = await violations(Price, {"country": "XX", "quantity": 0})

    assert [("rate", "Unsupported country"), ("quantity", "must be positive")] == found


async def test_d28_compute_may_refuse_like_a_rule() -> None:
    """A `RuleViolation` of a compute keeps its own field and words."""
    found = await violations(Refuse, {"country": "XX", "quantity": 1})

    assert [("country", "is not served, 2 letters or not")] == found


async def test_d28_lookup_that_fails_leaves_the_word_to_the_rules() -> None:
    """A KeyError is no violation by itself; a rule over what the client sent refuses first."""
    assert [("country", "Unsupported country")] == await violations(LookUp, {"country": "XX", "quantity": 1})


async def test_d28_lookup_no_rule_explains_stays_a_bug() -> None:
    """Where every rule agrees, the KeyError is what it is."""
    kernel = create_kernel(config=object(), use_cases=[Careless])

    with pytest.raises(KeyError):
        await kernel.executor.execute(kernel.factory.build(Careless), payload={"country": "XX", "quantity": 1})
