"""`python -m benchmarks.reload` measures every installed reloader on one generated application and writes the table."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.reload.generate import LEVELS, generate
from benchmarks.reload.measure import edit_to_answer, under_load
from benchmarks.reload.tools import available

RESULTS = Path(__file__).parents[1] / "results" / "reload.json"
LARGE = 165


def main() -> None:
    """Measure, print, write."""
    options = arguments()
    found: dict[str, Any] = {"machine": machine(), "modules": options.modules, "edits": options.edits}
    found["edit_to_answer"] = {tool: edits(tool, options.modules, LEVELS, options.edits) for tool in options.tools}
    found["ratio_to_loom_dev"] = ratios(found["edit_to_answer"])
    if options.large:
        found["leaf_of_165_modules"] = {tool: edits(tool, LARGE, ("leaf",), options.edits) for tool in options.tools}
    if options.reloads:
        found["under_load"] = {tool: load(tool, options.modules, options.reloads) for tool in options.tools}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reload", description=__doc__)
    parser.add_argument("--edits", type=int, default=40, help="per level and tool")
    parser.add_argument("--modules", type=int, default=30)
    parser.add_argument("--reloads", type=int, default=100, help="under load; 0 leaves that out")
    parser.add_argument("--large", action="store_true", help=f"also a leaf of {LARGE} modules")
    parser.add_argument("--tools", nargs="+", choices=list(available()), default=list(available()))
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def edits(tool: str, modules: int, levels: tuple[str, ...], count: int) -> dict[str, Any]:
    """Measure one tool on a fresh copy of the application."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "generated"
        generate(home, modules)
        print(f"{tool}: {modules} modules, {count} edits of {', '.join(levels)}", file=sys.stderr)
        return edit_to_answer(available()[tool], home, levels, count)


def load(tool: str, modules: int, reloads: int) -> dict[str, Any]:
    """Measure one tool under fifty requests a second."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "generated"
        generate(home, modules)
        print(f"{tool}: {reloads} saves under load", file=sys.stderr)
        return asyncio.run(under_load(available()[tool], home, reloads, rate=25, every_s=0.6))


def ratios(measured: dict[str, Any]) -> dict[str, Any]:
    """Return how many times longer the others take, per level, by the medians."""
    ours = measured.get("loom dev")
    if ours is None:
        return {}
    return {
        tool: {level: round(of[level]["p50_ms"] / ours[level]["p50_ms"], 1) for level in LEVELS}
        for tool, of in measured.items()
        if of is not ours
    }


def machine() -> dict[str, Any]:
    """Return where and when this was measured."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count(),
        "load_at_start": [round(each, 1) for each in os.getloadavg()],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def table(found: dict[str, Any]) -> str:
    """Return the result as Markdown."""
    lines = ["", f"| edit to first new answer, p50 / p95 ms | {' | '.join(LEVELS)} |", "|---" * (len(LEVELS) + 1) + "|"]
    for tool, of in found["edit_to_answer"].items():
        cells = (f"{of[level]['p50_ms']:.0f} / {of[level]['p95_ms']:.0f}" for level in LEVELS)
        lines.append(f"| {tool} | {' | '.join(cells)} |")
    for tool, of in found.get("leaf_of_165_modules", {}).items():
        lines.append(f"leaf of 165 modules, {tool}: {of['leaf']['p50_ms']:.0f} / {of['leaf']['p95_ms']:.0f} ms")
    for tool, of in found.get("under_load", {}).items():
        lines.append(
            f"{of['reloads']} saves under load, {tool}: {of['asked']} asked, {of['failed']} failed, {of['refused']} refused, "
            f"{of['kept_connections_cut']} kept connections cut, p99 {of['p99_ms']:.0f} ms"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
