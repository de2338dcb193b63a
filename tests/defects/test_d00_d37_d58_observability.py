"""Request ids and metrics, where others leaked, lost or mixed them up: D0, D37, D58."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from loom.core.repository.sqlalchemy import SessionManager
from tests.defects.library import client_of, library

HOSTILE = ["*/ SELECT 1; --", "a b", "x\ty", "é", "a" * 129, "<script>", "a'b", 'a"b', "${jndi:x}"]


@pytest.mark.parametrize("sent", HOSTILE)
async def test_d0_a_hostile_request_id_is_replaced_and_never_reaches_sql(tmp_path: Path, sent: str) -> None:
    """An id outside the safe pattern is answered with a fresh one, and no statement holds either."""
    app, statements = library(tmp_path / "d.db"), []
    async with client_of(app) as client:
        manager: SessionManager = app.state.loom.kernel.container.resolve(SessionManager)
        sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
        answer = await client.get("/tomes/", headers={"x-request-id": sent.encode("latin-1")})

    given = answer.headers["x-request-id"]
    assert (200, 32, True) == (answer.status_code, len(given), set(given) <= set("0123456789abcdef"))
    assert statements
    assert not [text for text in statements if sent in text or given in text or "/*" in text]


async def test_d0_a_safe_request_id_is_kept_and_the_statement_is_the_same(tmp_path: Path) -> None:
    """Ids of clients are answered as they are; the text of a statement does not depend on them."""
    app, statements = library(tmp_path / "d.db"), []
    async with client_of(app) as client:
        manager: SessionManager = app.state.loom.kernel.container.resolve(SessionManager)
        sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
        answers = [await client.get("/tomes/1", headers={"x-request-id": sent}) for sent in ("A-1.b_c:d", "other")]

    assert ["A-1.b_c:d", "other"] == [answer.headers["x-request-id"] for answer in answers]
    assert 1 == len(set(statements))


async def test_d37_an_unexpected_error_carries_its_request_id(tmp_path: Path) -> None:
    """A 500 has the id in its header and in its body, and says nothing of the error."""
    async with client_of(library(tmp_path / "d.db")) as client:
        answer = await client.get("/explode/", headers={"x-request-id": "req-7"})

    body: dict[str, Any] = answer.json()
    assert (500, "req-7") == (answer.status_code, answer.headers["x-request-id"])
    assert ("req-7", "req-7") == (body["trace_id"], body["detail"]["trace_id"])
    assert "secret" not in answer.text


async def test_d58_the_template_is_the_route_s_own(tmp_path: Path) -> None:
    """Two ids are one series; nothing that matched is `__unmatched__`."""
    registry = CollectorRegistry()
    async with client_of(library(tmp_path / "d.db", registry, metrics={"enabled": True})) as client:
        for path in ("/tomes/1", "/tomes/2", "/explode/"):
            await client.get(path)
        text = (await client.get("/metrics")).text

    assert 'http_requests_total{method="GET",path_template="/tomes/{id}",status_code="404"} 2.0' in text
    assert 'path_template="/explode/",status_code="500"} 1.0' in text
    assert "__unmatched__" not in text


async def test_d58_two_apps_share_a_registry_and_the_exact_path_answers(tmp_path: Path) -> None:
    """A second application on the same registry is no duplicate, and `/metrics` does not redirect."""
    apps = [library(tmp_path / f"{name}.db", metrics={"enabled": True}) for name in "ab"]
    async with client_of(apps[0]) as one, client_of(apps[1]) as two:
        answers = [await one.get("/metrics"), await two.get("/metrics")]

    assert [200, 200] == [answer.status_code for answer in answers]
