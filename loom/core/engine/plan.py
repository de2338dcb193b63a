"""What a use case or job looks like once compiled: `Plan` is the data everyone reads, `ExecutionPlan` is what runs.

A `Plan` is a frozen, JSON-able tree with a content hash per step. REST, OpenAPI, `loom plan`, golden files, the plan
diff and every studio page read this one value; nothing re-inspects a signature. An `ExecutionPlan` holds the same steps
with their callables and types attached. The compiler writes both in one pass, so they cannot disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from msgspec import Struct

from loom.core.use_case.markers import LookupKind, OnMissing, SourceKind


class StepKind(StrEnum):
    """What a step does. The value is also the colour key of the studio."""

    PARAM = "param"
    INPUT = "input"
    LOAD = "load"
    EXISTS = "exists"
    COMPUTE = "compute"
    RULE = "rule"
    EXECUTE = "execute"


class Lane(StrEnum):
    """The five fixed columns a plan is drawn in, in the order they run."""

    PARAMS = "params"
    LOADS = "loads"
    COMPUTES = "computes"
    RULES = "rules"
    EXECUTE = "execute"


LANE_OF: dict[StepKind, Lane] = {
    StepKind.PARAM: Lane.PARAMS,
    StepKind.INPUT: Lane.PARAMS,
    StepKind.LOAD: Lane.LOADS,
    StepKind.EXISTS: Lane.LOADS,
    StepKind.COMPUTE: Lane.COMPUTES,
    StepKind.RULE: Lane.RULES,
    StepKind.EXECUTE: Lane.EXECUTE,
}


class PlanKind(StrEnum):
    """What was compiled."""

    USE_CASE = "use_case"
    JOB = "job"


class Source(Struct, frozen=True, kw_only=True):
    """Where something was declared.

    Attributes:
        module: dotted module name.
        file: absolute path.
        line: 1-based first line.
        code: the source text, dedented; "" where it cannot be read.
    """

    module: str
    file: str
    line: int
    code: str = ""


class Step(Struct, frozen=True, kw_only=True):
    """One step of a plan.

    Attributes:
        id: unique and stable within the plan: `param:user_id`, `load:current_user`, `rule:2` (1-based).
        kind: what it does.
        label: one short human line: `email must be valid`.
        detail: the mechanism: `User where email = cmd.email`.
        reads: values it needs: a param or loaded name (`user_id`), or a command field (`cmd.email`).
        writes: values it provides, same notation; a rule writes nothing.
        when: the condition under which it runs at all, drawn; None = always.
        on_failure: what the caller gets when it says no: `404 User not found`; "" where it cannot say no.
        attrs: kind-specific facts, name -> text, for the inspector.
        source: where its function or marker is written; None where there is none of the user's.
        hash: changes exactly when what the step does changes (code, references, options), not when it moves.
    """

    id: str
    kind: StepKind
    label: str
    detail: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    when: str | None = None
    on_failure: str = ""
    attrs: dict[str, str] = {}
    source: Source | None = None
    hash: str = ""

    @property
    def lane(self) -> Lane:
        """The column this step is drawn in."""
        return LANE_OF[self.kind]


class CommandField(Struct, frozen=True, kw_only=True):
    """One field of a plan's command.

    Attributes:
        name: Python name (snake_case).
        wire: name in JSON (camelCase).
        type: type as written, without markers: `str | None`.
        required: the client must send it.
        marker: "", "patch", "internal" or "computed".
        default: `repr` of the default; "" where there is none.
    """

    name: str
    wire: str
    type: str
    required: bool
    marker: str = ""
    default: str = ""


class CommandShape(Struct, frozen=True, kw_only=True):
    """The command a plan takes: its class name, the parameter it binds to, its fields in declaration order."""

    name: str
    param: str
    fields: tuple[CommandField, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """A compiled use case or job, as data.

    Attributes:
        name: class name; what `loom plan NAME` takes.
        key: `module:qualname`, unique in an app.
        kind: use case or job.
        doc: first paragraph of its docstring.
        model: class name of the main model, or "".
        command: the `Input()` command, or None.
        returns: return annotation as text.
        read_only: runs without a unit of work.
        queue: queue of a job; "" for a use case.
        steps: in the order they run.
        source: where the class is written.
        hash: over all steps.
    """

    name: str
    key: str
    kind: PlanKind = PlanKind.USE_CASE
    doc: str = ""
    model: str = ""
    command: CommandShape | None = None
    returns: str = ""
    read_only: bool = False
    queue: str = ""
    steps: tuple[Step, ...] = ()
    source: Source | None = None
    hash: str = ""


@dataclass(frozen=True)
class ParamBinding:
    """A value the caller supplies by name."""

    name: str
    annotation: Any
    default: Any = ...

    @property
    def required(self) -> bool:
        """True where the signature gives no default."""
        return self.default is ...


@dataclass(frozen=True)
class InputBinding:
    """The parameter that receives the command."""

    name: str
    command_type: type[Any]


@dataclass(frozen=True)
class LoadStep:
    """Fetch one entity before `execute`."""

    name: str
    entity_type: type[Any]
    source_kind: SourceKind
    source_name: str
    lookup_kind: LookupKind
    against: str
    profile: str = "default"
    on_missing: OnMissing = OnMissing.RAISE


@dataclass(frozen=True)
class ExistsStep:
    """Ask whether a row exists before `execute`."""

    name: str
    entity_type: type[Any]
    source_kind: SourceKind
    source_name: str
    against: str
    on_missing: OnMissing = OnMissing.RETURN_FALSE


@dataclass(frozen=True)
class ComputeStep:
    """Derive a command field. `fn` is the very object the class declares."""

    fn: Callable[..., Any]
    accepts_context: bool = False


@dataclass(frozen=True)
class RuleStep:
    """Judge the command. `fn` is the very object the class declares."""

    fn: Callable[..., Any]
    accepts_context: bool = False


@dataclass(frozen=True)
class ExecutionPlan:
    """A plan with its callables and types: what the executor runs.

    `plan` is the same thing as data; `blocking` marks a job whose `execute` is sync and runs in a thread.
    """

    use_case_type: type[Any]
    param_bindings: tuple[ParamBinding, ...] = ()
    input_binding: InputBinding | None = None
    load_steps: tuple[LoadStep, ...] = ()
    exists_steps: tuple[ExistsStep, ...] = ()
    compute_steps: tuple[ComputeStep, ...] = ()
    rule_steps: tuple[RuleStep, ...] = ()
    read_only: bool = False
    plan: Plan | None = None
    returns: Any = Any
    blocking: bool = False
