"""D9 and D10: what `execute` declares is what runs: its defaults, and its rules where there is no command."""

from typing import Any

import pytest

from loom.core.command import Command
from loom.core.engine import CompilationError, RuntimeExecutor, UseCaseCompiler
from loom.core.errors import RuleViolations
from loom.core.use_case import Compute, F, Rule, UseCase


class Change(Command, frozen=True):
    amount: int = 1


class Listing(UseCase[Any, tuple[str, int | None]]):
    async def execute(self, profile: str = "default", limit: int | None = None) -> tuple[str, int | None]:
        return profile, limit


class OnlyMine(UseCase[Any, str]):
    rules = (Rule.forbid(lambda _, __, owner: owner != "me", message="not yours").from_params("owner"),)

    async def execute(self, owner: str) -> str:
        return owner


class NeedsCommand(UseCase[Any, str]):
    rules = (Rule.check(F(Change).amount, via=lambda v: v < 0),)

    async def execute(self, **kwargs: Any) -> str:
        return "ran"


class ComputesNothing(UseCase[Any, str]):
    computes = (Compute.set(F(Change).amount).from_command(F(Change).amount),)

    async def execute(self, **kwargs: Any) -> str:
        return "ran"


async def run(use_case: UseCase[Any, Any], **params: Any) -> Any:
    return await RuntimeExecutor(UseCaseCompiler()).execute(use_case, params=params)


async def test_d9_a_declared_default_is_used_where_nothing_is_given() -> None:
    """A param with a default is optional; what is given wins."""
    assert ("default", None) == await run(Listing())
    assert ("detail", 5) == await run(Listing(), profile="detail", limit=5)


async def test_d9_a_param_without_default_is_still_demanded() -> None:
    """A missing required param is named."""
    with pytest.raises(ValueError, match="missing required parameter 'owner'"):
        await run(OnlyMine())


async def test_d10_rules_over_params_alone_run_without_a_command() -> None:
    """They are judged, not skipped, and the violation names the param."""
    assert "me" == await run(OnlyMine(), owner="me")

    with pytest.raises(RuleViolations) as caught:
        await run(OnlyMine(), owner="you")
    assert [("owner", "not yours")] == [(v.field, v.message) for v in caught.value.violations]


@pytest.mark.parametrize("attribute", ["rules", "computes"])
def test_d10_what_reads_a_command_needs_one(attribute: str) -> None:
    """Rules and computes over a command do not compile where execute takes none."""
    declared = {"rules": NeedsCommand.rules, "computes": ComputesNothing.computes}[attribute]

    class NoInput(UseCase[Any, str]):
        async def execute(self) -> str:
            return "ran"

    setattr(NoInput, attribute, declared)

    with pytest.raises(CompilationError, match=f"{attribute} work on a command"):
        UseCaseCompiler().compile(NoInput)


@pytest.mark.parametrize("use_case", [NeedsCommand, ComputesNothing])
async def test_d10_an_open_signature_fails_when_run(use_case: type[UseCase[Any, Any]]) -> None:
    """With `**kwargs` the class compiles, for others to derive from it, but never runs with its rules skipped."""
    assert 1 == len(UseCaseCompiler().compile(use_case).rule_steps + UseCaseCompiler().compile(use_case).compute_steps)

    with pytest.raises(RuntimeError, match=r"no Input\(\)"):
        await run(use_case())
