"""Where each step of a plan is drawn: five fixed lanes, steps in running order below each other. Pure.

Lanes never move, so a step that comes or goes shifts only what stands below it in its own lane.
"""

from collections.abc import Iterator

from msgspec import Struct

from loom.core.engine.plan import Lane, Plan, Step

LANE_WIDTH = 200
BOX_WIDTH = 180
BOX_HEIGHT = 56
GAP = 12
TOP = 44
TEXT_LIMIT = 23


class Box(Struct, frozen=True, kw_only=True):
    """One drawn step; pixels."""

    step: Step
    x: int
    y: int
    label: str
    detail: str
    name: str

    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT


class Edge(Struct, frozen=True, kw_only=True):
    """A line from the step that writes a value to one that reads it; `path` is SVG path data."""

    source: str
    target: str
    path: str


class Heading(Struct, frozen=True, kw_only=True):
    """A lane's title; `count` steps stand below it."""

    lane: Lane
    x: int
    count: int


class Drawing(Struct, frozen=True, kw_only=True):
    """A whole plan, laid out."""

    width: int
    height: int
    headings: tuple[Heading, ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def draw(plan: Plan) -> Drawing:
    """Return the layout of `plan`."""
    boxes = tuple(_boxes(plan))
    bottom = max((box.y + box.height for box in boxes), default=TOP)
    return Drawing(
        width=LANE_WIDTH * len(Lane),
        height=bottom + GAP,
        headings=tuple(
            Heading(lane=lane, x=index * LANE_WIDTH + GAP, count=sum(s.lane is lane for s in plan.steps))
            for index, lane in enumerate(Lane)
        ),
        boxes=boxes,
        edges=tuple(_edges(boxes)),
    )


def _boxes(plan: Plan) -> Iterator[Box]:
    for index, lane in enumerate(Lane):
        steps = [step for step in plan.steps if step.lane is lane]
        for row, step in enumerate(steps):
            yield Box(
                step=step,
                x=index * LANE_WIDTH + GAP,
                y=TOP + row * (BOX_HEIGHT + GAP),
                label=shorten(step.label),
                detail=shorten(step.detail or step.on_failure, TEXT_LIMIT + 2),
                name=f"{step.kind} {row + 1} of {len(steps)}: {step.label}",
            )


def shorten(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return `text`, cut with an ellipsis where it is too long to draw."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _edges(boxes: tuple[Box, ...]) -> Iterator[Edge]:
    for reader in boxes:
        for value in reader.step.reads:
            writer = _last_writer(boxes, reader, value)
            if writer is not None:
                yield Edge(source=writer.step.id, target=reader.step.id, path=_curve(writer, reader))


def _last_writer(boxes: tuple[Box, ...], reader: Box, value: str) -> Box | None:
    """The nearest earlier step that provides `value`; a whole command is provided by its input."""
    earlier = boxes[: boxes.index(reader)]
    return next((box for box in reversed(earlier) if value in box.step.writes), None)


def _curve(source: Box, target: Box) -> str:
    x1, y1 = source.x + source.width, source.y + source.height // 2
    x2, y2 = target.x, target.y + target.height // 2
    if x2 <= x1:  # same lane: down the left side
        return f"M{source.x},{y1} C{source.x - 10},{y1} {x2 - 10},{y2} {x2},{y2}"
    bend = max(12, (x2 - x1) // 2)
    return f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"
