"""What the store compiles to, kept as files: a change to a plan or to the API shows up in review.

After a deliberate change, `LOOM_UPDATE_GOLDEN=1 pytest tests/store/test_golden.py` writes the files again.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI

from loom.core.engine.draw import draw_plan
from loom.core.engine.plan import Plan
from studio.planview import draw

GOLDEN = Path(__file__).parent / "golden"
Load = Callable[[], FastAPI]


def assert_golden(name: str, actual: str) -> None:
    file = GOLDEN / name
    if os.environ.get("LOOM_UPDATE_GOLDEN") == "1":
        file.write_text(actual)

    assert file.read_text() == actual


def pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode() + "\n"


def without_place(value: Any) -> Any:
    """Drop what a move within a file or another Python version changes: source and hash."""
    if isinstance(value, (list, tuple)):
        return [without_place(item) for item in value]
    if isinstance(value, dict):
        return {key: without_place(item) for key, item in value.items() if key not in ("source", "hash")}
    return value


def plans_of(app: FastAPI) -> tuple[Plan, ...]:
    plans: tuple[Plan, ...] = app.state.loom.plans
    return plans


def test_plans_are_the_ones_on_file(load_store: Load) -> None:
    """Every use case and job of the store compiles to the recorded plan."""
    assert_golden("plans.json", pretty(without_place(msgspec.to_builtins(plans_of(load_store())))))


def test_drawn_plans_are_the_ones_on_file(load_store: Load) -> None:
    """`loom plan` draws every plan as recorded."""
    drawn = [draw_plan(plan).replace("\r", "") for plan in plans_of(load_store())]

    assert_golden(
        "plans.txt", "\n\n".join("\n".join(line.rstrip() for line in text.splitlines()) for text in drawn) + "\n"
    )


def test_openapi_document_is_the_one_on_file(load_store: Load) -> None:
    """The store's OpenAPI document is the recorded one."""
    assert_golden("openapi.json", pretty(load_store().openapi()))


def test_the_terminal_and_the_studio_show_the_same_steps(load_store: Load) -> None:
    """For every plan of the store, the text of `loom plan` and the studio's drawing name the same steps in the same lanes."""
    for plan in plans_of(load_store()):
        printed = draw_plan(plan)
        boxes = draw(plan).boxes

        assert [box.step.id for box in boxes] == [step.id for step in plan.steps]
        assert [box.step.id for box in boxes if f" {box.step.id} " not in f"{printed} ".replace("\n", " ")] == []
