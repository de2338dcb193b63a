"""From a save to the first answer of the new code; and what clients get while saves go on, every other one broken."""

import asyncio
import http.client
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.reload.generate import FILE_OF, save_token
from benchmarks.reload.tools import Command, running
from tests.processes.traffic import Traffic

LOOK_S = 0.002
SETTLE_S = 0.6
LONGEST_S = 15.0
START_S = 60.0
MISSES = 3


def edit_to_answer(command: Command, home: Path, levels: Sequence[str], edits: int) -> dict[str, Any]:
    """Return per level the milliseconds from a save to the first new answer: every one, p50, p95."""
    found: dict[str, Any] = {}
    with running(command, home) as port:
        began = time.perf_counter()
        wait_for(port, levels[0], None)
        found["start_ms"] = round((time.perf_counter() - began) * 1000, 1)
        time.sleep(2)
        for level in levels:
            found[level] = summary(some_edits(port, home, level, edits))
    return found


def some_edits(port: int, home: Path, level: str, edits: int) -> list[float | None]:
    """Return the milliseconds of each edit, None for one that was missed; too many misses end it."""
    times: list[float | None] = []
    for number in range(edits):
        try:
            times.append(one_edit(port, home, level, f"{level}{number}"))
        except TimeoutError:
            times.append(None)
        if times.count(None) >= MISSES:
            break
    return times


def one_edit(port: int, home: Path, level: str, token: str) -> float:
    """Save, ask until the new token answers, return the milliseconds.

    Raises:
        TimeoutError: it never answered.
    """
    began = time.perf_counter()
    save_token(home, level, token)
    wait_for(port, level, token)
    took_ms = (time.perf_counter() - began) * 1000
    time.sleep(SETTLE_S)
    return took_ms


def wait_for(port: int, level: str, token: str | None) -> None:
    """Ask on new connections until `level` answers `token`; None takes any answer."""
    end = time.perf_counter() + (START_S if token is None else LONGEST_S)
    while time.perf_counter() < end:
        answer = ask(port)
        if answer is not None and (token is None or answer[level] == token):
            return
        time.sleep(LOOK_S)
    raise TimeoutError(f"{level} did not become {token}")


def ask(port: int) -> dict[str, str] | None:
    """Return one answer of the probe, None where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/probe")
        answer = connection.getresponse()
        return dict(json.loads(answer.read())) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def summary(times_ms: list[float | None]) -> dict[str, Any]:
    """Return count, misses, p50, p95 and every time; a miss counts as the longest wait."""
    ordered = sorted(LONGEST_S * 1000 if each is None else each for each in times_ms)
    return {
        "n": len(ordered),
        "missed": times_ms.count(None),
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "all_ms": [None if each is None else round(each, 1) for each in times_ms],
    }


async def under_load(command: Command, home: Path, reloads: int, rate: float, every_s: float) -> dict[str, Any]:
    """Return what became of every request at `rate` a second, new connections and a kept one, over `reloads` saves.

    Every other save does not parse; the next one mends it. Saves are `every_s` apart, whatever the tool makes of them.
    """
    with running(command, home) as port:
        await asyncio.to_thread(wait_for, port, "leaf", None)
        await asyncio.sleep(2)
        async with Traffic(port, rate=rate, path="/probe") as traffic:
            for number in range(reloads):
                file = home / "app" / FILE_OF["leaf"]
                if number % 2:
                    file.write_text(file.read_text().replace("def broken(:\n", ""))
                    save_token(home, "leaf", f"load{number}")
                else:
                    file.write_text("def broken(:\n" + file.read_text())
                await asyncio.sleep(every_s)
    ordered = sorted(traffic.latencies_s) or [0.0]
    return {
        "reloads": reloads,
        "asked": traffic.asked,
        "failed": traffic.failed,
        "refused": traffic.outcomes["refused"],
        "kept_connections_cut": traffic.kept_cut,
        "outcomes": dict(traffic.outcomes),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1] * 1000, 1),
        "max_ms": round(ordered[-1] * 1000, 1),
    }
