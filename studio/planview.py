"""Where each step of a plan is drawn: five fixed lanes, steps in running order below each other. Pure.

Lanes never move, so a step that comes or goes shifts only what stands below it in its own lane, and a drawing can be
compared with the one before. A box is as tall as its label needs (one or two lines); edges run from the right side of
the step that writes a value to the left side of the one that reads it, level with the first and down the gutter beside the second.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from msgspec import Struct

from loom.core.engine.plan import Lane, Plan, Step, StepKind

LANE_WIDTH = 200
BOX_WIDTH = 168
INSET = 14
TOP = 12
GAP = 10
LINE_HEIGHT = 16
PADDING = 34
"""Height of a box without its label lines: margins and the line of detail."""

CORNER = 6
LABEL_EM = 11.2
"""Room for a line of label, in multiples of its font size."""

DETAIL_CHARS, DETAIL_CHARS_BESIDE_STOP = 22, 18

_WIDTHS = dict.fromkeys("iljtfrI.,:;'!|()[] ", 0.36) | dict.fromkeys("mwMW@%", 0.95)
_TICK, _TICK_GAP, _TICKS_PER_LANE = 5, 2, 8


class Box(Struct, frozen=True, kw_only=True):
    """One drawn step, in pixels.

    Attributes:
        lines: its label, cut to at most two lines.
        detail: one line on how, cut.
        name: what a screen reader says: `rule 2 of 3: email must be valid`.
        stop: status of the answer when it says no: `404`; "" where it cannot.
    """

    step: Step
    x: int
    y: int
    height: int
    lines: tuple[str, ...]
    detail: str
    name: str
    stop: str = ""
    width: int = BOX_WIDTH


class Edge(Struct, frozen=True, kw_only=True):
    """From the step that writes `value` to one that reads it; `path` is SVG path data."""

    source: str
    target: str
    value: str
    path: str


class Heading(Struct, frozen=True, kw_only=True):
    """A lane's title; `count` steps stand below it, from `x` on."""

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


class Tick(Struct, frozen=True, kw_only=True):
    """One step of a plan drawn as a mark in a line of marks."""

    lane: Lane
    x: int


class Strip(Struct, frozen=True, kw_only=True):
    """A plan in one line: a mark per step, lane by lane; `more` steps are left out of crowded lanes."""

    width: int
    ticks: tuple[Tick, ...]
    more: int = 0


def draw(plan: Plan) -> Drawing:
    """Return the layout of `plan`."""
    boxes = tuple(box for index, lane in enumerate(Lane) for box in _column(index, _in(plan, lane)))
    bottom = max((box.y + box.height for box in boxes), default=TOP)
    return Drawing(
        width=LANE_WIDTH * len(Lane),
        height=bottom + TOP,
        headings=tuple(
            Heading(lane=lane, x=index * LANE_WIDTH, count=len(_in(plan, lane))) for index, lane in enumerate(Lane)
        ),
        boxes=boxes,
        edges=tuple(_edges(plan, {box.step.id: box for box in boxes})),
    )


def strip(plan: Plan) -> Strip:
    """Return `plan` as a line of marks."""
    ticks, x = [], 0
    for lane in Lane:
        for _ in _in(plan, lane)[:_TICKS_PER_LANE]:
            ticks.append(Tick(lane=lane, x=x))
            x += _TICK + _TICK_GAP
        x += _TICK if ticks and ticks[-1].lane is lane else 0
    return Strip(width=max(x, 1), ticks=tuple(ticks), more=len(plan.steps) - len(ticks))


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, cut with an ellipsis where it is too long to draw."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def wrap(text: str) -> tuple[str, ...]:
    """Return a label as one or two lines that fit a box, broken between words where possible, the second one cut."""
    line = " ".join(text.split())
    fits = _fitting(line)
    if fits == len(line):
        return (line,)
    space = line.rfind(" ", 1, fits + 1)
    end = space if space > 0 else fits
    rest = line[end:].lstrip()
    fits = _fitting(rest)
    return line[:end], rest if fits == len(rest) else rest[: fits - 1].rstrip() + "…"


def neighbours(plan: Plan, step: Step, *, back: bool) -> tuple[tuple[str, Step | None], ...]:
    """Return each value that `step` reads with its writer, or, not `back`, that it writes with each reader."""
    at = plan.steps.index(step)
    if back:
        return tuple((value, _writer(plan.steps[:at], value)) for value in step.reads)
    later = [(value, other) for other in plan.steps[at + 1 :] for value in other.reads]
    return tuple((v, other) for v, other in later if _writer(plan.steps[: plan.steps.index(other)], v) is step)


def _fitting(text: str) -> int:
    """How many characters of `text` fit a line, by a rough table of widths: fonts are known to the browser alone."""
    room = LABEL_EM
    for index, char in enumerate(text):
        room -= 1.2 if unicodedata.east_asian_width(char) in "WF" else _WIDTHS.get(char, 0.9 if char.isupper() else 0.6)
        if room < 0:
            return max(1, index)
    return len(text)


def _in(plan: Plan, lane: Lane) -> list[Step]:
    return [step for step in plan.steps if step.lane is lane]


def _column(index: int, steps: Sequence[Step]) -> Iterator[Box]:
    y = TOP
    for row, step in enumerate(steps, 1):
        lines = wrap(step.label)
        stop = step.on_failure[:3] if step.on_failure[:3].isdigit() else ""
        height = PADDING + LINE_HEIGHT * len(lines)
        yield Box(
            step=step,
            x=index * LANE_WIDTH + INSET,
            y=y,
            height=height,
            lines=lines,
            detail=shorten(_detail(step), DETAIL_CHARS_BESIDE_STOP if stop else DETAIL_CHARS),
            name=_name(step, row, len(steps)),
            stop=stop,
        )
        y += height + GAP


def _detail(step: Step) -> str:
    """A condition says more than that a rule checks."""
    if step.kind is StepKind.RULE:
        return f"when {step.when}" if step.when else ", ".join(step.reads)
    return step.detail or step.on_failure


def _name(step: Step, row: int, count: int) -> str:
    place = "" if step.kind is StepKind.EXECUTE else f" {row} of {count}"
    return f"{step.kind}{place}: {step.label}" + (f", when {step.when}" if step.when else "")


def _edges(plan: Plan, boxes: dict[str, Box]) -> Iterator[Edge]:
    """One edge per pair of steps, whatever number of values it carries."""
    for step in plan.steps:
        carried: dict[str, list[str]] = {}
        for value, writer in neighbours(plan, step, back=True):
            if writer is not None:
                carried.setdefault(writer.id, []).append(value)
        for source, values in carried.items():
            path = _line(boxes[source], boxes[step.id])
            yield Edge(source=source, target=step.id, value=", ".join(values), path=path)


def _writer(earlier: Sequence[Step], value: str) -> Step | None:
    """The nearest earlier step that provides `value`."""
    return next((step for step in reversed(earlier) if value in step.writes), None)


def _line(source: Box, target: Box) -> str:
    """Right angles with round corners: level with the source up to the target's gutter, then down or up to the target.

    Lines into one lane share its gutter, one track per lane they come from; a line within a lane turns on its right.
    """
    x1, y1 = source.x + source.width, source.y + source.height // 2
    x2, y2 = target.x, target.y + target.height // 2
    track = x2 - 24 + 4 * (source.x // LANE_WIDTH)
    if x2 < x1:
        x2, track = x1, x1 + 8
    if y1 == y2:
        return f"M{x1} {y1} H{x2}"
    down = 1 if y2 > y1 else -1
    bend = min(CORNER, abs(y2 - y1) // 2)
    enter = bend if x2 > track else -bend
    corners = f"Q{track} {y1} {track} {y1 + down * bend} V{y2 - down * bend} Q{track} {y2} {track + enter} {y2}"
    return f"M{x1} {y1} H{track - bend} {corners} H{x2}"
