"""The executor: order, presence, transactions, and what is left after every way a run can end."""

import asyncio
from typing import Any

import msgspec
import pytest

from loom.core.command import Command, Patch
from loom.core.engine import ParameterBindingError, RuntimeExecutor, UseCaseCompiler
from loom.core.errors import InvalidPayload, NotFound, RuleViolation, RuleViolations
from loom.core.job.context import add_pending_dispatch
from loom.core.observe import EventKind, FanOut, RuntimeEvent
from loom.core.use_case import Compute, Exists, F, Input, LoadById, OnMissing, Rule, UseCase


class User(msgspec.Struct, frozen=True):
    id: int
    email: str


class Repo:
    """Records calls; knows one user."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    async def get_by_id(self, key: Any, profile: str = "default") -> User | None:
        self.calls.append(("get_by_id", key, profile))
        return User(id=1, email="a@b") if key == 1 else None

    async def exists_by(self, field: str, value: Any) -> bool:
        self.calls.append(("exists_by", field, value))
        return value == "a@b"


class Uow:
    """A unit of work that writes down what happens to it."""

    def __init__(self, log: list[str], *, fail_commit: bool = False) -> None:
        self.log = log
        self.fail_commit = fail_commit

    async def begin(self) -> None:
        self.log.append("begin")

    async def commit(self) -> None:
        if self.fail_commit:
            raise RuntimeError("disk full")
        self.log.append("commit")

    async def rollback(self) -> None:
        self.log.append("rollback")

    async def __aenter__(self) -> "Uow":
        await self.begin()
        return self

    async def __aexit__(self, kind: Any, *_: Any) -> None:
        await (self.rollback() if kind else self.commit())


class Uows:
    def __init__(self) -> None:
        self.log: list[str] = []

    def create(self) -> Any:
        self.log.append("create")
        return Uow(self.log)


class Change(Command, frozen=True):
    email: Patch[str] = None
    double: int = 0
    amount: int = 1


class ChangeUser(UseCase[User, dict[str, Any]]):
    computes = (Compute.set(F(Change).double).from_command(F(Change).amount, via=lambda v: v * 2),)
    rules = (
        Rule.check(F(Change).amount, via=lambda v: v <= 0, message="amount must be > 0"),
        Rule.check(F(Change).double, via=lambda v: v > 100, message="double is too much"),
        Rule.forbid(lambda _, __, taken: taken, message="taken").from_params("taken"),
    )

    async def execute(
        self,
        user_id: int,
        profile: str = "default",
        cmd: Change = Input(),
        user: User = LoadById(User, by="user_id"),
        taken: bool = Exists(User, from_command="email", against="email"),
    ) -> dict[str, Any]:
        return {"user": user, "cmd": cmd, "taken": taken, "profile": profile}


def executor(**options: Any) -> RuntimeExecutor:
    return RuntimeExecutor(UseCaseCompiler(), **options)


async def test_a_run_binds_loads_computes_and_judges_before_execute() -> None:
    """Strings become ints, the entity is there, computed values are visible."""
    repo = Repo()

    result = await executor().execute(
        ChangeUser(), params={"user_id": "1"}, payload={"amount": 4}, dependencies={User: repo}
    )

    assert (result["user"].id, result["cmd"].double, result["profile"]) == (1, 8, "default")


async def test_an_absent_patch_field_asks_the_database_nothing() -> None:
    """An existence check on a field that was not sent is False without a query."""
    repo = Repo()

    result = await executor().execute(ChangeUser(), params={"user_id": 1}, payload={}, dependencies={User: repo})

    assert result["taken"] is False
    assert repo.calls == [("get_by_id", 1, "default")]


async def test_every_rule_that_says_no_is_reported() -> None:
    """Violations come together, in declaration order."""
    with pytest.raises(RuleViolations) as caught:
        await executor().execute(
            ChangeUser(), params={"user_id": 1}, payload={"amount": 0, "email": "a@b"}, dependencies={User: Repo()}
        )

    assert [(v.field, v.message) for v in caught.value.violations] == [
        ("amount", "amount must be > 0"),
        ("taken", "taken"),
    ]


async def test_a_missing_entity_is_reported_before_any_rule() -> None:
    """404 wins over 422."""
    with pytest.raises(NotFound, match="User with id=9 not found"):
        await executor().execute(
            ChangeUser(), params={"user_id": 9}, payload={"amount": 0}, dependencies={User: Repo()}
        )


@pytest.mark.parametrize(
    ("params", "payload", "error", "text"),
    [
        ({}, {}, ValueError, "missing required parameter 'user_id'"),
        ({"user_id": "x"}, {}, ParameterBindingError, "invalid value for parameter 'user_id'"),
        ({"user_id": 1}, None, ValueError, "payload is required"),
        ({"user_id": 1}, {"amount": "1"}, InvalidPayload, "amount"),
    ],
)
async def test_a_call_that_does_not_fit_says_what_is_wrong(
    params: Any, payload: Any, error: type[Exception], text: str
) -> None:
    """Each mistake of a caller has its own error and names the culprit."""
    with pytest.raises(error, match=text):
        await executor().execute(ChangeUser(), params=params, payload=payload, dependencies={User: Repo()})


async def test_a_failing_compute_is_a_violation_beside_the_rules_on_sent_fields() -> None:
    """A ValueError in a compute blames its target, and rules that need no computed value still speak."""

    class Failing(UseCase[Any, None]):
        computes = (Compute.set(F(Change).double).from_command(F(Change).amount, via=lambda _: int("x")),)
        rules = ChangeUser.rules[:2]

        async def execute(self, cmd: Change = Input()) -> None: ...

    with pytest.raises(RuleViolations) as caught:
        await executor().execute(Failing(), payload={"amount": -1})

    assert [v.field for v in caught.value.violations] == ["double", "amount"]


class Write(UseCase[Any, str]):
    def __init__(self, body: Any = None) -> None:
        self._body = body

    async def execute(self) -> str:
        if self._body:
            await self._body()
        return "done"


async def test_the_outermost_run_owns_one_unit_of_work() -> None:
    """A nested run joins: one create, one commit."""
    uows = Uows()
    runner = executor(uow_factory=uows)

    await runner.execute(Write(lambda: runner.execute(Write())))

    assert uows.log == ["create", "begin", "commit"]


async def test_a_failing_run_rolls_back_once_and_dispatches_nothing() -> None:
    """The error comes out unchanged; waiting work is forgotten."""
    uows, started = Uows(), []

    async def body() -> None:
        add_pending_dispatch(lambda: started.append("job"))
        raise RuleViolation("f", "no")

    with pytest.raises(RuleViolation):
        await executor(uow_factory=uows).execute(Write(body))
    await executor(uow_factory=uows).execute(Write())

    assert uows.log == ["create", "begin", "rollback", "create", "begin", "commit"]
    assert started == []


async def test_a_cancelled_run_rolls_back() -> None:
    """Cancellation is a way to end like any other."""
    uows, inside = Uows(), asyncio.Event()

    async def body() -> None:
        inside.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(executor(uow_factory=uows).execute(Write(body)))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert uows.log == ["create", "begin", "rollback"]


async def test_dispatched_work_starts_after_the_commit() -> None:
    """What a use case dispatches sees the unit of work already committed, and runs in order."""
    uows = Uows()

    async def body() -> None:
        add_pending_dispatch(lambda: uows.log.append("first"))
        add_pending_dispatch(lambda: uows.log.append("second"))

    await executor(uow_factory=uows).execute(Write(body))

    assert uows.log == ["create", "begin", "commit", "first", "second"]


async def test_a_read_only_run_has_no_unit_of_work_but_still_dispatches() -> None:
    """A GET that dispatches a job does not lose it."""
    uows = Uows()

    async def body() -> None:
        add_pending_dispatch(lambda: uows.log.append("job"))

    await executor(uow_factory=uows).execute(Write(body), read_only=True)

    assert uows.log == ["job"]


async def test_a_dispatch_that_fails_to_start_does_not_stop_the_next() -> None:
    """The commit stands and every piece of waiting work gets its chance."""
    started: list[str] = []

    async def body() -> None:
        add_pending_dispatch(lambda: 1 / 0)
        add_pending_dispatch(lambda: started.append("second"))

    await executor(uow_factory=Uows()).execute(Write(body))

    assert started == ["second"]


async def test_observers_hear_how_a_run_ended_and_cannot_break_it() -> None:
    """Start and end are told with duration and status; a raising observer is ignored."""

    class Broken:
        def on_event(self, event: RuntimeEvent) -> None:
            raise RuntimeError("observer")

    class Ear:
        def __init__(self) -> None:
            self.heard: list[tuple[EventKind, str | None]] = []

        def on_event(self, event: RuntimeEvent) -> None:
            self.heard.append((event.kind, event.status))

    ear = Ear()

    await executor(metrics=FanOut([Broken(), ear])).execute(Write())

    assert ear.heard == [(EventKind.EXEC_START, None), (EventKind.EXEC_DONE, "success")]


@pytest.mark.parametrize(("on_missing", "bound"), [(OnMissing.RETURN_NONE, None), (OnMissing.RETURN_FALSE, None)])
async def test_a_tolerated_missing_load_binds_none(on_missing: OnMissing, bound: Any) -> None:
    """The use case decides what a missing row means."""

    class Tolerant(UseCase[Any, Any]):
        async def execute(self, key: int, user: Any = LoadById(User, by="key", on_missing=on_missing)) -> Any:
            return user

    assert await executor().execute(Tolerant(), params={"key": 9}, dependencies={User: Repo()}) is bound
