"""The two actions of the studio itself: build again, and open a place the studio showed."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from studio.snapshot import Snapshot
from studio.store import Build, Store
from studio.web.app import StudioApp
from studio.web.page import Page, PageRoute, Studio
from studio.web.sources import Place, SourceIds
from tests.studio_web.conftest import AUTHORISED, Controls, StudioFactory


@pytest.fixture
def studio(make_studio: StudioFactory) -> StudioApp:
    """A studio whose one page issues an id for the place in its query."""

    async def issue(request: Request, studio: Studio) -> Response:
        file, line = request.query_params["file"], int(request.query_params["line"])
        return PlainTextResponse(studio.renderer.sources.issue(file, line))

    page = Page(slug="x", title="X", group="", key="x", icon="x", routes=(PageRoute(path="/issue", handler=issue),))
    return make_studio(pages=(page,))


@pytest.fixture
def project(tmp_path: Path, store: Store) -> Path:
    """A folder that the serving build calls its own."""
    build = Build(number=1, at=datetime.now(UTC), snapshot=Snapshot(app="demo", root=str(tmp_path / "app")))
    store.record(build)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "users.py").write_text("x = 1\n")
    (tmp_path / "beside.py").write_text("y = 1\n")
    return tmp_path / "app"


async def _open(client: httpx.AsyncClient, file: str) -> httpx.Response:
    id_ = (await client.get("/issue", params={"file": file, "line": 3}, headers=AUTHORISED)).text
    return await client.post("/_open", json={"id": id_}, headers=AUTHORISED)


async def test_reload_asks_for_a_build(client: httpx.AsyncClient, controls: Controls) -> None:
    """POST /_reload asks the supervisor once and says that it was accepted."""
    answer = await client.post("/_reload", json={}, headers=AUTHORISED)

    assert 202 == answer.status_code
    assert [("reload",)] == controls.asked


async def test_a_place_that_was_shown_opens(client: httpx.AsyncClient, controls: Controls, project: Path) -> None:
    """An issued id opens its file at its line."""
    answer = await _open(client, str(project / "users.py"))

    assert 202 == answer.status_code
    assert [("open", str(project / "users.py"), "3")] == controls.asked


@pytest.mark.parametrize("name", ["../beside.py", "gone.py", ".", "/etc/passwd", "users.py/../../beside.py"])
async def test_a_place_outside_the_project_does_not_open(
    client: httpx.AsyncClient, controls: Controls, project: Path, name: str
) -> None:
    """A file that is gone, or lies outside the project, is not opened even where its id was issued."""
    answer = await _open(client, str(project / name))

    assert 404 == answer.status_code
    assert [] == controls.asked


@pytest.mark.parametrize("id_", ["", "x", "/etc/passwd", "users.py:3", "0" * 24])
async def test_an_id_that_was_not_issued_does_not_open(
    client: httpx.AsyncClient, controls: Controls, project: Path, id_: str
) -> None:
    """What the studio did not issue leads nowhere, a real path included."""
    answer = await client.post("/_open", json={"id": id_}, headers=AUTHORISED)

    assert 404 == answer.status_code
    assert [] == controls.asked


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1}', b'{"id":"a","file":"b"}', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_not_an_id_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    """Anything but an object with one string is 422."""
    headers = AUTHORISED | {"content-type": "application/json"}

    assert 422 == (await client.post("/_open", content=body, headers=headers)).status_code


async def test_without_an_editor_the_answer_says_how(
    client: httpx.AsyncClient, controls: Controls, project: Path
) -> None:
    """Where no editor is configured the answer carries the supervisor's advice."""
    controls.editor = False
    answer = await _open(client, str(project / "users.py"))

    assert (409, {"error": "set EDITOR to open files"}) == (answer.status_code, answer.json())


def test_ids_are_stable_opaque_and_bounded() -> None:
    """The same place has the same id, another run has another, and the oldest are forgotten."""
    ids = SourceIds(kept=2)
    first = ids.issue("/a.py", 1)

    assert first == ids.issue("/a.py", 1)
    assert first != SourceIds().issue("/a.py", 1)
    assert "a.py" not in first
    ids.issue("/a.py", 2)
    ids.issue("/a.py", 3)
    assert ids.find(first) is None
    assert Place("/a.py", 3) == ids.find(ids.issue("/a.py", 3))
