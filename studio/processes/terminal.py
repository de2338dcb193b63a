"""What the terminal says: where things are, how each build went, and one framed error with the user's own frame."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TextIO

import msgspec

from loom.core.engine.plan import PlanKind
from studio.events import Failure
from studio.store import Build


class Terminal:
    """Writes for a person, or one JSON object per line for a machine."""

    def __init__(self, *, json_lines: bool = False, out: TextIO = sys.stdout) -> None:
        self._json = json_lines
        self._out = out

    def banner(self, app_url: str, studio_url: str, notes: list[str]) -> None:
        """Say where the app and the studio are; `studio_url` carries the key as a fragment."""
        if self._json:
            self._line({"event": "started", "app_url": app_url, "studio_url": studio_url, "notes": notes})
            return
        for note in notes:
            self._say(note)
        self._say(f"\n  app     {app_url}\n  studio  {studio_url}\n")

    def help(self, words: Mapping[str, str]) -> None:
        """Say what each key does."""
        self._say("\n".join(["", *(f"  {key}  {text}" for key, text in words.items()), ""]))

    def clear(self) -> None:
        """Empty the screen."""
        self._say("\x1b[2J\x1b[3J\x1b[H")

    def failure(self, failure: Failure | None) -> None:
        """Say the newest failure again."""
        self._say(framed(failure) if failure is not None else "  nothing has failed")

    def note(self, text: str) -> None:
        """Say something that is not about one build."""
        if self._json:
            self._line({"event": "note", "text": text})
        else:
            self._say(f"  note  {text}")

    def build(self, build: Build) -> None:
        """Say how a build went."""
        if self._json:
            self._line({"event": "build", "state": "ready" if build.ok else "failed", **_facts(build)})
        elif build.failure is not None:
            self._say(framed(build.failure))
        else:
            self._say("\n".join([status_line(build), *(f"  {change.text}" for change in build.changes)]))

    def _line(self, record: dict[str, object]) -> None:
        self._say(json.dumps(record))

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def status_line(build: Build) -> str:
    """Return `ready 94 ms (import 61, compile 12, start 9) | 42 routes | 31 use cases | 3 jobs`."""
    phases = f"import {build.import_ms:.0f}, compile {build.compile_ms:.0f}, start {build.startup_ms:.0f}"
    parts = [f"ready {build.total_ms:.0f} ms ({phases})"]
    if build.snapshot is not None:
        kinds = Counter(plan.kind for plan in build.snapshot.plans)
        parts += [
            counted(len(build.snapshot.routes), "route"),
            counted(kinds[PlanKind.USE_CASE], "use case"),
            counted(kinds[PlanKind.JOB], "job"),
        ]
    return " | ".join(parts)


def counted(number: int, noun: str) -> str:
    """Return `1 route`, `2 routes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def framed(failure: Failure) -> str:
    """Return the failure in a frame: what, where in the user's code, and what to do."""
    lines = [f"{failure.title}: {failure.message}", *map(str, failure.diagnostics)]
    own = next((frame for frame in failure.frames if frame.own), None)
    if own is not None and not failure.diagnostics:
        lines.append(f"{own.file}:{own.line} in {own.function}")
        for number, text in enumerate(own.code.splitlines(), own.first_line):
            if abs(number - own.line) <= 2:
                lines.append(f"{'>' if number == own.line else ' '} {number:>4}  {text}")
    lines += [failure.hint] if failure.hint else []
    body = "\n".join(f"│ {line}" for line in "\n".join(lines).splitlines())
    return f"┌─ {failure.phase} failed\n{body}\n└─ the last good build keeps serving, if there was one"


def _facts(build: Build) -> dict[str, object]:
    return {
        "number": build.number,
        "total_ms": round(build.total_ms),
        "trigger": list(build.trigger),
        "changes": [change.text for change in build.changes],
        "error": f"{build.failure.title}: {build.failure.message}" if build.failure else None,
        "phase": build.failure.phase if build.failure else None,
        "place": _place(build.failure) if build.failure else None,
        "fix": msgspec.to_builtins(build.failure.fix) if build.failure else None,
        "import_ms": round(build.import_ms, 1),
        "compile_ms": round(build.compile_ms, 1),
        "startup_ms": round(build.startup_ms, 1),
    }


def _place(failure: Failure) -> str | None:
    """Return `file:line` of the user's own innermost frame."""
    own = next((frame for frame in failure.frames if frame.own), None)
    return f"{own.file}:{own.line}" if own is not None else None
