"""Do all applications give the same answer? Asked before anything is timed.

Equal in meaning, not in bytes: the order of keys, `1` beside `1.0`, and how a moment is written do not count. What the
database's clock wrote is only checked to be there, and a cursor is each application's own.
"""

import re
from datetime import UTC, datetime
from typing import Any

import httpx

from benchmarks.scenarios import Scenario
from benchmarks.servers import Server

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_OWN = frozenset({"next_cursor"})
_CLOCK = frozenset({"createdAt", "updatedAt"})


class Different(Exception):
    """Two applications disagree; the text shows both answers."""


def check(servers: list[Server], scenario: Scenario) -> None:
    """Ask every server the same and compare.

    Raises:
        Different: an answer has another status or another meaning.
    """
    for index in (0, 1, 5):
        answers = {server.app: _answer(server, scenario, index) for server in servers}
        (first, expected), *others = answers.items()
        for app, answer in others:
            if answer != expected:
                raise Different(f"{scenario.name}: {first} and {app} differ\n{first}: {expected}\n{app}: {answer}")
        if "{id}" not in scenario.path:
            return


def first_cursor(server: Server) -> str:
    """Return the cursor a server gives with its first page of 50."""
    cursor: str = httpx.get(f"http://127.0.0.1:{server.port}/bench/records/?limit=50").json()["next_cursor"]
    return cursor


def meaning(value: Any, *, clock: bool = True) -> Any:
    """Return an answer as it is compared; `clock`: what the database's clock wrote counts."""
    if isinstance(value, dict):
        return {
            key: item is not None if key in _OWN or (key in _CLOCK and not clock) else meaning(item, clock=clock)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [meaning(item, clock=clock) for item in value]
    if isinstance(value, str) and _MOMENT.match(value):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value


def _answer(server: Server, scenario: Scenario, index: int) -> Any:
    paths = scenario.paths(first_cursor(server))
    url = f"http://127.0.0.1:{server.port}{paths[index % len(paths)]}"
    headers = {"content-type": "application/json"} if scenario.payload else {}
    answer = httpx.request(scenario.method, url, content=scenario.payload, headers=headers)
    if answer.status_code != scenario.status:
        raise Different(f"{scenario.name}: {server.app} answers {answer.status_code}\n{answer.text}")
    return meaning(answer.json(), clock=not (scenario.inserts or scenario.updates))
