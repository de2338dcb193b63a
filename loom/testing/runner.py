"""Running one use case or job through its real plan, with everything it needs said in the test."""

from typing import Any, Self

from msgspec import structs

from loom.core.command import Command, fields_set_of, remember_presence, replace_fields, written_fields
from loom.core.engine import ExecutionPlan, RuntimeExecutor, UseCaseCompiler


class UseCaseTest:
    """One run of `use_case`, described step by step: every `with_...` returns the same object.

    The whole pipeline runs: params are converted, the command is decoded, loads, existence checks, computes and rules
    happen in their order. There is no unit of work.
    """

    def __init__(self, use_case: Any) -> None:
        self._use_case = use_case
        self._compiler = UseCaseCompiler()
        self._params: dict[str, Any] = {}
        self._payload: Any = None
        self._dependencies: dict[type[Any], Any] = {}
        self._loaded: dict[type[Any], Any] = {}

    @property
    def plan(self) -> ExecutionPlan:
        """The compiled plan; the same object before and after the run."""
        return self._compiler.compile(type(self._use_case))

    def with_params(self, **params: Any) -> Self:
        """Supply params of `execute`; later values win."""
        self._params |= params
        return self

    def with_input(self, **fields: Any) -> Self:
        """Supply fields of the command, beside those supplied before."""
        if isinstance(self._payload, Command):
            self._payload = replace_fields(self._payload, **fields)
        else:
            self._payload = {**(self._payload or {}), **fields}
        return self

    def with_command(self, command: Any) -> Self:
        """Supply the command itself, in place of any input before. A patch field left at its default was not sent."""
        self._payload = _with_presence(command) if isinstance(command, Command) else _fields(command)
        return self

    def with_loaded(self, entity_type: type[Any], entity: Any) -> Self:
        """Let every load of `entity_type` give `entity`, whatever repository there is; None = there is no such row."""
        self._loaded[entity_type] = entity
        return self

    def with_deps(self, entity_type: type[Any], repository: Any) -> Self:
        """Let loads and existence checks of `entity_type` ask `repository`."""
        self._dependencies[entity_type] = repository
        return self

    def with_main_repo(self, repository: Any) -> Self:
        """Make `repository` the use case's `main_repo`."""
        self._use_case.main_repo = repository
        return self

    async def run(self) -> Any:
        """Run it and return what `execute` returns; everything a real run raises comes out unchanged."""
        return await RuntimeExecutor(self._compiler).execute(
            self._use_case,
            params=self._params,
            payload=self._input(),
            dependencies=self._dependencies or None,
            load_overrides=self._loaded or None,
        )

    def _input(self) -> Any:
        """The command itself where it is of the class `execute` takes, else its fields."""
        binding = self.plan.input_binding
        if isinstance(self._payload, Command) and binding and not isinstance(self._payload, binding.command_type):
            return written_fields(self._payload, creating=True)
        return self._payload


def _with_presence(command: Command) -> Command:
    """A copy that knows which of its fields count as sent."""
    known = fields_set_of(command)
    present = written_fields(command, creating=True) if known is None else known
    return remember_presence(structs.replace(command), present)


def _fields(command: Any) -> dict[str, Any]:
    """Of another struct or a dataclass: every field but what is UNSET."""
    return written_fields(command, creating=True)
