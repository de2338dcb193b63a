"""Running use cases against fakes in a whole kernel, and plans as plain data to compare with what was recorded."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from loom.core.bootstrap import KernelRuntime, create_kernel
from loom.core.engine import ExecutionPlan, ExistsStep, LoadStep
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.rule import RuleSpec
from loom.rest.autocrud import crud_use_case
from loom.testing.fakes import FailingProxy, Fakes

_ErrorProxy = FailingProxy


class GoldenHarness:
    """A kernel whose repositories and services are fakes. Use cases are built by its factory and run by its executor."""

    def __init__(self) -> None:
        self._fakes = Fakes()
        self._kernel: KernelRuntime = create_kernel(config={}, use_cases=(), crud=crud_use_case)

    def inject_repo(self, interface: Any, fake: Any, *, model: type[Any] | None = None) -> None:
        """Give `fake` to whoever asks for `interface`; it is also the main repository of `model`."""
        self._fakes.put(interface, fake, model)
        self._fakes.register(self._kernel.container)

    def force_error(self, interface: Any, method: str, error: BaseException) -> None:
        """Let `method` of the fake for `interface` raise `error`."""
        self._fakes.fail(interface, method, error)

    def simulate_system_error(self, interface: Any, method: str) -> None:
        """Let `method` of the fake for `interface` raise the builtin `SystemError`."""
        self._fakes.break_down(interface, method)

    async def run(self, use_case: type[Any], *, params: Mapping[str, Any] | None = None, payload: Any = None) -> Any:
        """Build `use_case`, run it and return its result.

        Raises:
            ResolutionError: it asks for something that was not injected.
        """
        return await self._kernel.app.invoke(use_case, params=params, payload=payload)

    async def run_with_baseline(
        self,
        use_case: type[Any],
        *,
        params: Mapping[str, Any] | None = None,
        payload: Any = None,
        name: str,
        max_ms: float,
        baseline_dir: str | Path,
    ) -> Any:
        """Run `use_case` and write how long it took to `<baseline_dir>/<name>.json`.

        Raises:
            AssertionError: it took longer than `max_ms`.
        """
        self._kernel.compiler.compile(use_case)
        started = time.perf_counter()
        result = await self.run(use_case, params=params, payload=payload)
        elapsed_ms = (time.perf_counter() - started) * 1000
        _write(Path(baseline_dir), name, {"elapsed_ms": elapsed_ms, "max_ms": max_ms, "name": name})
        if elapsed_ms > max_ms:
            raise AssertionError(f"baseline exceeded: {name} took {elapsed_ms:.3f} ms, allowed are {max_ms} ms")
        return result


def serialize_plan(plan: ExecutionPlan) -> dict[str, Any]:
    """Return `plan` as JSON values, keys sorted; types and functions as `module.qualname`."""
    binding = plan.input_binding
    return {
        "compute_steps": [{"fn": _function(step.fn)} for step in plan.compute_steps],
        "exists_steps": [_lookup(step) for step in plan.exists_steps],
        "input_binding": binding and {"command_type": _name(binding.command_type), "name": binding.name},
        "load_steps": [
            dict(sorted({**_lookup(step), "lookup_kind": str(step.lookup_kind), "profile": step.profile}.items()))
            for step in plan.load_steps
        ],
        "param_bindings": [{"annotation": _name(p.annotation), "name": p.name} for p in plan.param_bindings],
        "rule_steps": [{"fn": _function(step.fn)} for step in plan.rule_steps],
        "use_case": _name(plan.use_case_type),
    }


def _serialize_result(result: Any) -> Any:
    """Structs become builtins; everything else is returned as it is."""
    return msgspec.to_builtins(result) if isinstance(result, Struct) else result


def _lookup(step: LoadStep | ExistsStep) -> dict[str, Any]:
    return {
        "against": step.against,
        "entity_type": _name(step.entity_type),
        "name": step.name,
        "on_missing": str(step.on_missing),
        "source_kind": str(step.source_kind),
        "source_name": step.source_name,
    }


def _name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _name(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return " | ".join(map(_name, get_args(annotation)))
    if origin is not None:
        inside = ", ".join("..." if each is ... else _name(each) for each in get_args(annotation))
        return f"{_name(origin)}[{inside}]"
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, type):
        return f"{annotation.__module__}.{annotation.__qualname__}"
    return str(annotation)


def _function(fn: Any) -> str:
    """A declared step is written as what it was declared with: no address, no order of its own."""
    if isinstance(fn, ComputeSpec):
        return f"Compute.set({fn.target})({_inputs(fn)})"
    if isinstance(fn, RuleSpec):
        targets = ", ".join(map(str, fn.targets))
        return f"Rule.{fn.kind}({targets})({_inputs(fn)})"
    module = getattr(fn, "__module__", None) or type(fn).__module__
    return f"{module}.{getattr(fn, '__qualname__', None) or type(fn).__qualname__}"


def _inputs(fn: ComputeSpec | RuleSpec) -> str:
    parts = [str(source) for source in fn.sources or ()]
    parts += [f"param {name}" for name in fn.params]
    parts += [f"via {_function(fn.via)}"] if fn.via is not None else []
    parts += [f"when {fn.predicate}"] if fn.predicate is not None else []
    return ", ".join(parts)


def _write(directory: Path, name: str, record: dict[str, Any]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
