"""Runs an execution plan: the one way business code is run, whoever asks.

Order: bind params, build the command, loads, existence checks, computes, rules, `execute`. The outermost run that is not
read-only owns the unit of work; runs inside it join. A run that ends in any other way than by returning, cancellation
included, rolls back, and forgets what it wanted dispatched. One that the database undid because another transaction stood in
its way (serialization failure, deadlock) is run again from the start, so `execute` may run more than once before it
commits; what it dispatches starts once. Dispatched work starts only after the commit, when the unit
of work is closed and out of the context, so that each piece opens its own.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from loom.core.engine.compiler import UseCaseCompiler
from loom.core.engine.log import RunLog
from loom.core.engine.run import ParameterBindingError, Run, Values, bind_param
from loom.core.engine.watched import WatchedRun
from loom.core.errors import Contention, RuleViolations
from loom.core.job.outbox import Outbox
from loom.core.logger import LoggerPort
from loom.core.observe import EventKind, FanOut, Observer, RuntimeEvent, Watcher
from loom.core.tracing import get_trace_id
from loom.core.uow import UnitOfWork, UnitOfWorkFactory

RepoResolver = Callable[[type[Any]], Any]

ATTEMPTS = 3
"""Runs of one use case before `Contention` reaches the caller."""

_PAUSE_S = 0.01


class RuntimeExecutor:
    """The executor of one application.

    Args:
        compiler: compiles on demand and keeps plans.
        uow_factory: opens units of work; None runs everything without one.
        debug_execution: log every step.
        logger: told of every run.
        metrics: observer of runs.
        repo_resolver: model -> repository, for loads and existence checks.
    """

    def __init__(
        self,
        compiler: UseCaseCompiler,
        *,
        uow_factory: UnitOfWorkFactory | None = None,
        debug_execution: bool = False,
        logger: LoggerPort | None = None,
        metrics: Observer | FanOut | None = None,
        repo_resolver: RepoResolver | None = None,
    ) -> None:
        self._compiler = compiler
        self._uow_factory = uow_factory
        self._observer = None if isinstance(metrics, FanOut) and not metrics else metrics
        self._logger = logger
        self._debug = debug_execution
        self._repo_resolver = repo_resolver
        self._watcher: Watcher | None = None
        self._outbox = Outbox()

    @property
    def outbox(self) -> Outbox:
        """Where dispatched work waits for the commit."""
        return self._outbox

    def watch(self, watcher: Watcher | None) -> None:
        """Tell `watcher` what every run does, step by step, from now on; None: nobody."""
        self._watcher = watcher

    async def execute(
        self,
        instance: Any,
        *,
        params: Values | None = None,
        payload: Any = None,
        dependencies: Mapping[type[Any], Any] | None = None,
        load_overrides: Mapping[type[Any], Any] | None = None,
        read_only: bool = False,
    ) -> Any:
        """Run `instance` through its plan and return what its `execute` returns.

        Args:
            params: values of `execute`'s params by name; extra ones are ignored.
            payload: the command's fields, wire or Python names; or the command itself, already built.
            dependencies: repositories by model, before the resolver.
            load_overrides: by model, before `dependencies`: the entity its loads give (None = there is none), or a
                repository they ask.
            read_only: no unit of work, whatever the class says.

        Raises:
            ValueError: a required param or the payload is missing.
            ParameterBindingError: a param has the wrong type.
            InvalidPayload: the payload does not fit the command.
            NotFound: a load or check with `OnMissing.RAISE` found nothing.
            RuleViolations: at least one rule said no.
        """
        plan = self._compiler.compile(type(instance))
        if self._watcher is None:
            run = Run(self, plan, instance, params or {}, payload, dependencies, load_overrides)
            return await self._told(run, read_only)
        with self._watcher.run(plan.plan, params, payload) as watch:
            run = WatchedRun(self, plan, instance, params or {}, payload, dependencies, load_overrides, watch=watch)
            return await self._told(run, read_only)

    async def _told(self, run: Run, read_only: bool) -> Any:
        observer = self._observer if self._logger is None else self._logged(run, self._logger)
        if observer is None:
            return await self._in_transaction(run, read_only)
        return await self._observed(run, read_only, observer)

    def _logged(self, run: Run, logger: LoggerPort) -> FanOut:
        run.log = RunLog(logger, type(run.instance).__qualname__, steps=self._debug)
        return FanOut((run.log,) if self._observer is None else (run.log, self._observer))

    async def _observed(self, run: Run, read_only: bool, observer: Observer) -> Any:
        name, started = type(run.instance).__qualname__, time.perf_counter()
        observer.on_event(RuntimeEvent(EventKind.EXEC_START, name, trace_id=get_trace_id()))
        try:
            result = await self._in_transaction(run, read_only)
        except BaseException as error:
            status = "rule_failure" if isinstance(error, RuleViolations) else "failure"
            observer.on_event(_ended(EventKind.EXEC_ERROR, name, started, status, error))
            raise
        observer.on_event(_ended(EventKind.EXEC_DONE, name, started, "success"))
        return result

    async def _in_transaction(self, run: Run, read_only: bool) -> Any:
        if self._outbox.is_open:
            return await run.go()
        box = self._outbox.open()
        try:
            result = await self._settled(run, read_only or run.plan.read_only)
        except BaseException:
            self._outbox.close(box)
            raise
        await self._outbox.start(self._outbox.close(box))
        return result

    async def _settled(self, run: Run, read_only: bool) -> Any:
        """Run again, from the start, what the database undid in favour of another transaction."""
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._outermost(run, read_only)
            except Contention:
                self._outbox.discard()
                await asyncio.sleep(random.uniform(0.5, 1) * _PAUSE_S * 2**attempt)  # noqa: S311 - parts two rivals
        return await self._outermost(run, read_only)

    async def _outermost(self, run: Run, read_only: bool) -> Any:
        if read_only or self._uow_factory is None:
            return await run.go()
        async with _Transaction(self._uow_factory.create()):
            return await run.go()

    def repository(self, model: type[Any], overrides: Mapping[type[Any], Any] | None, known: Any) -> Any:
        """Return the repository for `model`: an override, a dependency, then the resolver's."""
        for source in (overrides, known):
            if source is not None and model in source:
                return source[model]
        if self._repo_resolver is not None:
            return self._repo_resolver(model)
        if known is None:
            raise RuntimeError(f"No dependencies provided: {model.__name__} needs a repository")
        raise RuntimeError(f"No repository registered for {model.__name__}")


class _Transaction:
    """Drives a unit of work by its five methods, so that any implementation of the protocol works."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def __aenter__(self) -> None:
        await self._uow.__aenter__()

    async def __aexit__(self, *failure: Any) -> None:
        await self._uow.__aexit__(*failure)


def _ended(kind: EventKind, name: str, started: float, status: str, error: BaseException | None = None) -> RuntimeEvent:
    duration_ms = (time.perf_counter() - started) * 1000
    return RuntimeEvent(kind, name, None, duration_ms, status, error, get_trace_id())


__all__ = ["ParameterBindingError", "RuntimeExecutor", "bind_param"]
