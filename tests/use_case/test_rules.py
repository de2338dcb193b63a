"""Rules: what evaluators receive, how answers are read, which field is blamed."""

from typing import Any

import pytest

from loom.core.command import Command, Patch
from loom.core.errors import RuleViolation
from loom.core.use_case import Compute, F, Rule


class Update(Command, frozen=True):
    name: Patch[str] = None
    email: Patch[str] = None
    amount: int = 3


COMMAND, SENT = Update.from_payload({"name": "Ada"})
CONTEXT = {"x": "ctx-x", "y": "ctx-y"}


class Recorder:
    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.arguments: tuple[Any, ...] = ()

    def __call__(self, *arguments: Any) -> Any:
        self.arguments = arguments
        return self.answer


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda r: Rule.check(F(Update).name, F(Update).amount, via=r), ("Ada", 3)),
        (lambda r: Rule.check(F(Update).name, via=r).from_params("x"), ("Ada", "ctx-x")),
        (lambda r: Rule.check(F(Update).name, via=r).from_command(), (COMMAND, SENT)),
        (lambda r: Rule.forbid(r, message="m"), (COMMAND, SENT)),
        (lambda r: Rule.forbid(r, message="m").from_params("x", "y"), (COMMAND, SENT, "ctx-x", "ctx-y")),
        (lambda r: Rule.forbid(r, message="m").from_command(F(Update).name, F(Update).amount), ("Ada", 3)),
        (lambda r: Rule.forbid(r, message="m").from_params("x").from_command(F(Update).name), ("Ada", "ctx-x")),
        (lambda r: Rule.forbid(r, message="m").from_params("x").from_params("y"), (COMMAND, SENT, "ctx-x", "ctx-y")),
    ],
)
def test_an_evaluator_receives_exactly_these_arguments(build: Any, expected: tuple[Any, ...]) -> None:
    """Command part first, context values appended, whatever the order of the calls."""
    recorder = Recorder()

    build(recorder)(COMMAND, SENT, CONTEXT)

    assert recorder.arguments == expected


@pytest.mark.parametrize("answer", [None, False, 1, ["x"], 0.5])
def test_these_answers_pass(answer: Any) -> None:
    """Only True, a string or a violation says no."""
    assert Rule.check(F(Update).name, via=Recorder(answer))(COMMAND, SENT) is None


@pytest.mark.parametrize(
    ("answer", "message", "expected"),
    [
        (True, "bad", "bad"),
        (True, None, "Rule check failed"),
        ("said so", "bad", "said so"),
        ("", "bad", ""),
        (RuleViolation("other", "own"), "bad", "own"),
    ],
)
def test_these_answers_are_violations(answer: Any, message: str | None, expected: str) -> None:
    """True takes the declared message, a string is the message, a violation is taken as it is."""
    with pytest.raises(RuleViolation) as caught:
        Rule.check(F(Update).name, via=Recorder(answer), message=message)(COMMAND, SENT)

    assert caught.value.message == expected


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule.check(F(Update).email, via=Recorder(True)), "email"),
        (Rule.forbid(Recorder(True), message="m").from_command(F(Update).amount), "amount"),
        (Rule.forbid(Recorder(True), message="m").from_params("x"), "x"),
        (Rule.forbid(Recorder(True), message="m").when_present(F(Update).name), "name"),
        (Rule.forbid(Recorder(True), message="m"), "Update"),
        (Rule.require_present(F(Update).email), "email"),
        (Rule.require_present(F(Update).email, field="contact"), "contact"),
    ],
)
def test_the_blamed_field_is_the_first_one_known(rule: Any, field: str) -> None:
    """Target, then reference, then param, then predicate, then the command's class."""
    with pytest.raises(RuleViolation) as caught:
        rule(COMMAND, SENT, CONTEXT)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("predicate", "runs"),
    [
        (F(Update).name, True),
        (F(Update).email, False),
        (F(Update).name & F(Update).email, False),
        (F(Update).name | F(Update).email, True),
        (F(Update).amount, True),
    ],
)
def test_a_rule_runs_only_where_its_predicate_holds(predicate: Any, runs: bool) -> None:
    """A patch field counts when sent, any other when it is not None."""
    recorder = Recorder()

    Rule.check(F(Update).amount, via=recorder).when_present(predicate)(COMMAND, SENT)

    assert bool(recorder.arguments) is runs


def test_a_condition_written_for_the_whole_command_still_gets_it() -> None:
    """`(cmd, fields, x)` attached to one reference and one param is called in the form it can take."""
    seen: list[Any] = []

    def condition(command: Update, fields: frozenset[str], x: str) -> None:
        seen.extend([command, fields, x])

    Rule.forbid(condition, message="m").from_command(F(Update).name).from_params("x")(COMMAND, SENT, CONTEXT)

    assert seen == [COMMAND, SENT, "ctx-x"]


def test_a_missing_context_name_is_named() -> None:
    """A typo in from_params says which name is missing."""
    with pytest.raises(ValueError, match="runtime context") as caught:
        Rule.check(F(Update).name, via=Recorder()).from_params("nope")(COMMAND, SENT, CONTEXT)

    assert "'nope'" in str(caught.value)


def test_computes_chain() -> None:
    """A later compute reads what an earlier one set."""
    double = Compute.set(F(Update).amount).from_command(F(Update).amount, via=lambda v: v * 2)

    assert double(double(COMMAND, SENT), SENT).amount == 12


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Compute.set(F(Update).amount).from_command(F(Update).name, F(Update).email),
        lambda: Compute.set(F(Update).amount).from_command(),
        lambda: Compute.set(F(Update).amount).from_command(F(Update).name).from_params("x"),
        lambda: Rule.check(via=Recorder()),
        lambda: Rule.check(F(Update).name, via=Recorder()).from_params(),
    ],
)
def test_an_incomplete_declaration_is_refused_where_it_is_written(declare: Any) -> None:
    """A step that could never run raises at declaration."""
    with pytest.raises(ValueError, match="needs"):
        declare()


def test_a_field_called_path_is_a_reference() -> None:
    """`F(C).path` refers to a field; only a deeper `.path` is the attribute."""
    assert F(Update).path.leaf == "path"
    assert F(Update).name.city.path == ("name", "city")
