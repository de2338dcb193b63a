"""Plans and routes as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from loom.core.engine.plan import Lane, Plan, Step

_GLYPH = {"params": "○", "loads": "◇", "computes": "ƒ", "rules": "✓", "execute": "▶"}


def draw_plan(plan: Plan) -> str:
    """Return a plan as lines: a heading, then the steps under their lanes, each with what it reads and answers."""
    lines = [f"{plan.name}  {plan.kind.replace('_', ' ')}{'  ' + plan.returns if plan.returns else ''}"]
    if plan.doc:
        lines.append(plan.doc)
    if plan.source:
        lines.append(f"{plan.source.module}:{plan.source.line}")
    for lane in Lane:
        steps = [step for step in plan.steps if step.lane is lane]
        if steps:
            lines += ["", lane.upper(), *(line for step in steps for line in _step(step))]
    return "\n".join(lines)


def draw_routes(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return routes as aligned columns: method, path, use case, status."""
    width = max((len(row["path"]) for row in rows), default=0)
    return "\n".join(f"{r['method']:<7} {r['path']:<{width}}  {r['use_case']} ({r['status']})" for r in rows)


def _step(step: Step) -> list[str]:
    head = f"  {_GLYPH[step.lane]} {step.id:<18} {step.label}"
    facts = [
        step.detail,
        f"reads {', '.join(step.reads)}" if step.reads else "",
        f"writes {', '.join(step.writes)}" if step.writes and step.lane is Lane.COMPUTES else "",
        f"when {step.when}" if step.when else "",
        f"else {step.on_failure}" if step.on_failure else "",
    ]
    told = [fact for fact in facts if fact]
    return [head, f"      {'; '.join(told)}"] if told else [head]
