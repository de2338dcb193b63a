"""The compiler: what a plan says, and every mistake it reports."""

from typing import Any

import msgspec
import pytest

from loom.core.command import Command, Patch
from loom.core.engine import CompilationError, UseCaseCompiler
from loom.core.engine.plan import Lane, Plan
from loom.core.use_case import Compute, Exists, F, Input, Load, LoadById, Rule, UseCase


class User(msgspec.Struct, frozen=True):
    id: int
    email: str


class UpdateUser(Command, frozen=True):
    email: Patch[str] = None
    domain: Patch[str] = None


def _email_must_be_valid(email: str) -> str | None:
    return None if "@" in email else "email must be valid"


class UpdateUserUseCase(UseCase[User, User | None]):
    """Change a user.

    Further text is not part of the summary.
    """

    computes = (Compute.set(F(UpdateUser).domain).from_command(F(UpdateUser).email, via=lambda v: v.split("@")[-1]),)
    rules = [
        Rule.check(F(UpdateUser).email, via=_email_must_be_valid).when_present(F(UpdateUser).email),
        Rule.forbid(lambda _, __, taken: taken, message="email already exists").from_params("taken"),
    ]

    async def execute(
        self,
        user_id: int,
        profile: str = "default",
        cmd: UpdateUser = Input(),
        current_user: User = LoadById(User, by="user_id"),
        taken: bool = Exists(User, from_command="email", against="email"),
    ) -> User | None:
        return current_user


def plan_of(cls: type[Any]) -> Plan:
    plan = UseCaseCompiler().compile(cls).plan
    assert plan is not None
    return plan


def test_a_plan_lists_its_steps_in_the_order_they_run() -> None:
    """Params, input, loads, existence checks, computes, rules, execute."""
    assert [step.id for step in plan_of(UpdateUserUseCase).steps] == [
        "param:user_id",
        "param:profile",
        "input:cmd",
        "load:current_user",
        "exists:taken",
        "compute:1",
        "rule:1",
        "rule:2",
        "execute",
    ]


def test_steps_say_what_they_read_write_and_answer() -> None:
    """The inspector's facts come from the declaration alone."""
    steps = {step.id: step for step in plan_of(UpdateUserUseCase).steps}

    assert steps["load:current_user"].reads == ("user_id",)
    assert steps["load:current_user"].on_failure == "404 User not found"
    assert steps["exists:taken"].detail == "any User where email = cmd.email"
    assert (steps["compute:1"].reads, steps["compute:1"].writes) == (("cmd.email",), ("cmd.domain",))
    assert (steps["rule:1"].label, steps["rule:1"].when) == ("email must be valid", "email is present")
    assert steps["rule:1"].on_failure == "422 email"
    assert (steps["rule:2"].label, steps["rule:2"].reads) == ("email already exists", ("taken",))
    assert steps["rule:2"].lane is Lane.RULES


def test_a_step_knows_the_very_lambda_it_was_written_as() -> None:
    """Two lambdas in one statement are told apart."""
    rules = [Rule.check(F(UpdateUser).email, via=f) for f in (lambda v: v == "a", lambda v: v == "b")]
    two = type("Two", (UpdateUserUseCase,), {"rules": rules, "__module__": __name__})

    steps = {step.id: step for step in plan_of(two).steps}

    assert [steps["rule:1"].label, steps["rule:2"].label] == ['v == "a"', 'v == "b"']


def test_a_plan_survives_json() -> None:
    """A plan is data: decoding its encoding gives an equal value."""
    plan = plan_of(UpdateUserUseCase)

    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_only_the_first_paragraph_of_the_docstring_is_the_summary() -> None:
    """Long docstrings do not spill into lists."""
    assert plan_of(UpdateUserUseCase).doc == "Change a user."


def test_the_same_class_gives_the_same_plan() -> None:
    """Compiling twice returns one object."""
    compiler = UseCaseCompiler()

    assert compiler.compile(UpdateUserUseCase) is compiler.compile(UpdateUserUseCase)


def test_a_subclass_has_a_plan_of_its_own() -> None:
    """Inheritance never reuses the base's plan."""

    class Narrow(UpdateUserUseCase):
        async def execute(self, other: str) -> None:  # type: ignore[override]
            return None

        rules = ()
        computes = ()

    compiler = UseCaseCompiler()
    compiler.compile(UpdateUserUseCase)

    assert [p.name for p in compiler.compile(Narrow).param_bindings] == ["other"]


def _source(pattern: str, extra: str = "") -> str:
    return f"""
import re
from loom.core.command import Command
from loom.core.use_case import F, Input, Rule, UseCase
_RE = re.compile(r"{pattern}"){extra}
class C(Command):
    email: str
def _valid(email):
    return None if _RE.match(email) else "email must be valid"
class U(UseCase[None, str]):
    rules = [Rule.check(F(C).email, via=_valid)]
    async def execute(self, cmd: C = Input()) -> str:
        return cmd.email
"""


def _hashes(tmp_path: Any, monkeypatch: Any, name: str, source: str) -> dict[str, str]:
    import importlib

    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(name)
    return {step.id: step.hash for step in plan_of(module.U).steps}


def test_a_hash_changes_with_behaviour_and_not_with_place(tmp_path: Any, monkeypatch: Any) -> None:
    """A changed pattern behind a helper changes the rule's hash; a comment that moves it does not."""
    base = _hashes(tmp_path, monkeypatch, "hash_a", _source("^a"))
    moved = _hashes(tmp_path, monkeypatch, "hash_b", _source("^a", "\n# a comment\n\n"))
    changed = _hashes(tmp_path, monkeypatch, "hash_c", _source("^b"))

    assert moved == base
    assert changed["rule:1"] != base["rule:1"]
    assert {k: v for k, v in changed.items() if k != "rule:1"} == {k: v for k, v in base.items() if k != "rule:1"}


class _NoFromPayload:
    pass


class NoExecute(UseCase[Any, Any]):
    pass


class TwoInputs(UseCase[Any, Any]):
    async def execute(self, a: UpdateUser = Input(), b: UpdateUser = Input()) -> None: ...


class NotACommand(UseCase[Any, Any]):
    async def execute(self, a: _NoFromPayload = Input()) -> None: ...


class UnknownParam(UseCase[Any, Any]):
    async def execute(self, user_id: int, u: User = LoadById(User, by="usr_id")) -> None: ...


class UnknownField(UseCase[Any, Any]):
    async def execute(
        self, cmd: UpdateUser = Input(), u: bool = Exists(User, from_command="emial", against="email")
    ) -> None: ...


class UnknownColumn(UseCase[Any, Any]):
    async def execute(self, e: str, u: User = Load(User, from_param="e", against="emial")) -> None: ...


class UnknownRef(UseCase[Any, Any]):
    rules = [Rule.check(F(UpdateUser).emial, via=_email_must_be_valid)]

    async def execute(self, cmd: UpdateUser = Input()) -> None: ...


class UnknownContext(UseCase[Any, Any]):
    rules = [Rule.forbid(lambda *_: False, message="m").from_params("takn")]

    async def execute(self, taken: bool, cmd: UpdateUser = Input()) -> None: ...


class RulesWithoutInput(UseCase[Any, Any]):
    rules = [Rule.forbid(lambda *_: False, message="m")]

    async def execute(self, taken: bool) -> None: ...


@pytest.mark.parametrize(
    ("cls", "code", "text", "hint"),
    [
        (NoExecute, "no_execute", "must override execute", ""),
        (TwoInputs, "two_inputs", "only one Input", ""),
        (NotACommand, "not_a_command", "must implement from_payload", "derive it from loom.core.command.Command"),
        (UnknownParam, "unknown_param", "'usr_id' not found", "did you mean 'user_id'?"),
        (UnknownField, "unknown_field", "has no field 'emial'", "did you mean 'email'?"),
        (UnknownColumn, "unknown_column", "has no field 'emial'", "did you mean 'email'?"),
        (UnknownRef, "unknown_field", "has no field 'emial'", "did you mean 'email'?"),
        (UnknownContext, "unknown_argument", "'takn'", "did you mean 'taken'?"),
        (RulesWithoutInput, "rules_without_input", "no Input()", ""),
    ],
)
def test_a_mistake_is_reported_with_place_and_hint(cls: type[Any], code: str, text: str, hint: str) -> None:
    """Every diagnostic has a code, this file, a line inside the class, and a hint where one is known."""
    with pytest.raises(CompilationError) as caught:
        UseCaseCompiler().compile(cls)

    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.hint) == (code, hint)
    assert text in problem.message
    assert problem.file == __file__
    assert problem.line > 100


def test_all_classes_are_checked_before_anything_is_raised() -> None:
    """One broken use case does not hide the next."""
    problems = UseCaseCompiler().compile_all([UnknownParam, UpdateUserUseCase, UnknownRef])

    assert [p.code for p in problems] == ["unknown_param", "unknown_field"]
