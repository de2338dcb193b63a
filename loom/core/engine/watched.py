"""A walk over a plan that tells a `RunWatch` about every step: when it began, what it gave, why it did not run."""

from typing import Any

from msgspec import Struct, structs

from loom.core.engine.plan import ComputeStep, ExistsStep, LoadStep, RuleStep
from loom.core.engine.run import Run, bind_param
from loom.core.observe import RunWatch
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.rule import RuleSpec


class WatchedRun(Run):
    """The same walk, told. Steps are counted as the plan lists them: params, input, loads, checks, computes, rules."""

    def __init__(self, *arguments: Any, watch: RunWatch) -> None:
        super().__init__(*arguments)
        plan = self.plan
        self._watch = watch
        self._loads_at = len(plan.param_bindings) + (plan.input_binding is not None)
        self._exists_at = self._loads_at + len(plan.load_steps)
        self._computes_at = self._exists_at + len(plan.exists_steps)
        self._rules_at = self._computes_at + len(plan.compute_steps)
        self._execute_at = self._rules_at + len(plan.rule_steps)
        self._next_lookup = self._loads_at

    async def go(self) -> Any:
        """Walk, and count lookups from the first one again where this is not the first walk."""
        self._next_lookup = self._loads_at
        return await super().go()

    def _bind_params(self) -> None:
        for index, binding in enumerate(self.plan.param_bindings):
            self._watch.began(index)
            try:
                value = bind_param(binding, self._params)
            except BaseException as error:
                self._watch.refused(index, error)
                raise
            self._bound[binding.name] = value
            self._watch.passed(index, value)

    def _build_command(self) -> None:
        binding = self.plan.input_binding
        if binding is None:
            return
        index = self._loads_at - 1
        self._watch.began(index)
        try:
            super()._build_command()
        except BaseException as error:
            self._watch.refused(index, error)
            raise
        self._watch.passed(index, self._bound[binding.name])

    async def _load(self, step: LoadStep) -> Any:
        return await self._look_up(step, super()._load)

    async def _exists(self, step: ExistsStep) -> bool:
        return bool(await self._look_up(step, super()._exists))

    async def _look_up(self, step: LoadStep | ExistsStep, look: Any) -> Any:
        index, self._next_lookup = self._next_lookup, self._next_lookup + 1
        self._watch.began(index)
        try:
            value = await look(step)
        except BaseException as error:
            self._watch.refused(index, error)
            raise
        if self._lookup(step)[1]:
            self._watch.passed(index, value)
        else:
            self._watch.skipped(index, "absent")
        return value

    def _compute(self, index: int, step: ComputeStep, command: Any) -> Any:
        at = self._computes_at + index
        spec = step.fn if isinstance(step.fn, ComputeSpec) else None
        if spec is not None and spec.predicate is not None and not spec.applies(command, self._fields_set):
            self._watch.skipped(at, "condition")
            return command
        self._watch.began(at)
        try:
            derived = super()._compute(index, step, command)
        except BaseException as error:
            self._watch.refused(at, error)
            raise
        self._watch.passed(at, _changed(step.fn, command, derived) if self._watch.values else None)
        return derived

    def _judge_by(self, index: int, step: RuleStep, command: Any) -> None:
        at, rule = self._rules_at + index, step.fn if isinstance(step.fn, RuleSpec) else None
        if rule is not None and rule.predicate is not None and not rule.applies(command, self._fields_set):
            self._watch.skipped(at, "condition")
            return
        self._watch.began(at)
        seen: list[Any] = []
        try:
            if rule is not None and rule.via is not None:
                self._say("Rule", rule)
                seen.append(rule.inputs(command, self._fields_set, self._bound))
                seen.append(rule.via(*seen[0]))
                rule.heed(seen[1], command)
            else:
                super()._judge_by(index, step, command)
        except BaseException as error:
            self._watch.refused(at, error, seen)
            raise
        self._watch.passed(at, seen)

    def _pass_over(self, index: int) -> None:
        self._watch.skipped(self._rules_at + index, "compute_failed")

    async def _execute(self) -> Any:
        self._watch.began(self._execute_at)
        try:
            result = await super()._execute()
        except BaseException as error:
            self._watch.refused(self._execute_at, error)
            raise
        self._watch.passed(self._execute_at, result)
        return result


def _changed(fn: Any, before: Any, after: Any) -> dict[str, Any]:
    """Return the fields that differ; a declared compute always names its target."""
    if isinstance(fn, ComputeSpec) and len(fn.target.path) == 1:
        return {fn.target.leaf: getattr(after, fn.target.leaf)}
    if not isinstance(after, Struct) or type(before) is not type(after):
        return {"": after}
    fields = structs.asdict(after)
    return {name: value for name, value in fields.items() if getattr(before, name) is not value}
