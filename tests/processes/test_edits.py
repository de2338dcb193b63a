"""Every kind of edit reaches the running app, whatever module it is in and however it is saved."""

import json
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes.conftest import Dev, edit, free_port, save, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("edits")]

FILES = {
    "main.py": """
from app.notes import NoteInterface
from app.pages import router
from loom.rest.fastapi.auto import create_app

app = create_app(
    {"app": {"name": "edits", "rest": {"title": "Edits"}}, "database": {"url": "sqlite+aiosqlite:///edits.db"}},
    interfaces=[NoteInterface],
)
app.include_router(router)
""",
    "app/__init__.py": "",
    "app/words.py": 'GREETING = "hello"\n',
    "app/model.py": """
from loom.core.model import BaseModel, ColumnField


class Note(BaseModel):
    __tablename__ = "notes"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=120)
""",
    "app/notes.py": """
from app.model import Note
from loom.rest.model import RestInterface


class NoteInterface(RestInterface[Note]):
    prefix = "/notes"
    auto = True
""",
    "app/pages.py": """
from typing import Any

import msgspec
from fastapi import APIRouter

from app.words import GREETING

router = APIRouter()


class Page(msgspec.Struct):
    word: str = "page"


@router.get("/greet", status_code=200)
def greet() -> Any:
    return {"word": GREETING}


@router.get("/page")
def page() -> Any:
    return msgspec.to_builtins(Page())
""",
}
ROUTE = '\n\n@router.get("/extra")\ndef extra() -> Any:\n    return {"word": "extra"}\n'
MODULE = 'WORD = "new module"\n'

Edit = Callable[[Path], None]
Look = Callable[[Dev], object]


def answer(path: str) -> Look:
    """Return what reads the word at `path`, or the status where that is no success."""

    def look(dev: Dev) -> object:
        try:
            return json.loads(dev.get(path))["word"]
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    return look


def documented(dev: Dev) -> object:
    """Return the columns of a note in the OpenAPI document."""
    text = dev.get("openapi.json")
    return "subtitle" in text and "notes" in text


def in_pages(old: str, new: str) -> Edit:
    """Return a save of `app/pages.py` with `old` replaced."""
    return lambda home: edit(home / "app/pages.py", old, new)


def written_in_place(home: Path) -> None:
    """Save by truncating and writing the same file."""
    file = home / "app/words.py"
    file.write_text(file.read_text().replace("hello", "in place"))


def add_module(home: Path) -> None:
    """Add a module and use it."""
    save(home / "app/extra.py", MODULE)
    edit(home / "app/pages.py", "from app.words import GREETING", "from app.extra import WORD as GREETING")


def delete_module(home: Path) -> None:
    """Remove a module that is no longer used."""
    edit(home / "app/pages.py", "from app.words import GREETING", 'GREETING = "alone"')
    (home / "app/words.py").unlink()


# Steps of an edit, each with what is seen once it is served. None: nothing must change; the old answer stays.
KINDS: dict[str, list[tuple[Edit, Look, object]]] = {
    "function body": [(in_pages('{"word": GREETING}', '{"word": GREETING + "!"}'), answer("greet"), "hello!")],
    "atomic rename": [(lambda home: edit(home / "app/words.py", "hello", "renamed"), answer("greet"), "renamed")],
    "two saves of one size": [
        (lambda home: save(home / "app/words.py", 'GREETING = "aaaaa"\n'), answer("greet"), "aaaaa"),
        (lambda home: save(home / "app/words.py", 'GREETING = "bbbbb"\n'), answer("greet"), "bbbbb"),
    ],
    "add a route": [(in_pages("router = APIRouter()\n", "router = APIRouter()\n" + ROUTE), answer("extra"), "extra")],
    "remove a route": [
        (in_pages("router = APIRouter()\n", "router = APIRouter()\n" + ROUTE), answer("extra"), "extra"),
        (in_pages(ROUTE, ""), answer("extra"), 404),
    ],
    "decorator argument": [(in_pages("status_code=200", "status_code=418"), answer("greet"), 418)],
    "query parameter": [
        (
            in_pages(
                'greet() -> Any:\n    return {"word": GREETING}', 'greet(w: str = "") -> Any:\n    return {"word": w}'
            ),
            answer("greet?w=asked"),
            "asked",
        ),
    ],
    "schema field": [
        (in_pages('word: str = "page"', 'other: int = 1\n    word: str = "field"'), answer("page"), "field"),
    ],
    "model column": [
        (
            lambda home: edit(
                home / "app/model.py", "length=120)", 'length=120)\n    subtitle: str = ColumnField(default="")'
            ),
            documented,
            True,
        ),
    ],
    "constant imported by value": [(written_in_place, answer("greet"), "in place")],
    "new module": [(add_module, answer("greet"), "new module")],
    "edit of a new module": [
        (add_module, answer("greet"), "new module"),
        (lambda home: edit(home / "app/extra.py", "new module", "edited"), answer("greet"), "edited"),
    ],
    "syntax error": [(lambda home: save(home / "app/words.py", "GREETING =\n"), answer("greet"), None)],
    "mended": [
        (lambda home: save(home / "app/words.py", "GREETING =\n"), answer("greet"), None),
        (lambda home: save(home / "app/words.py", 'GREETING = "mended"\n'), answer("greet"), "mended"),
    ],
    "name error at import": [(lambda home: save(home / "app/words.py", "GREETING = nothing\n"), answer("greet"), None)],
    "delete a module": [(delete_module, answer("greet"), "alone")],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """`loom dev` on the project above, for every kind of edit in turn."""
    home = tmp_path_factory.mktemp("edits") / "project"
    write_files(home)
    port = ("--port", str(free_port()), "--studio-port", str(free_port()))
    dev = Dev(home, *port)
    dev.build("ready")
    yield dev
    dev.close()


@pytest.fixture
def dev(served: Dev) -> Dev:
    """The same, with every file as above and nothing left to be told."""
    served.forget()
    write_files(served.home)
    (served.home / "turn.yaml").write_text(f"turn: {time.monotonic_ns()}\n")  # a build even where all is in place
    served.build("ready")
    wait_until(lambda: answer("greet")(served) == "hello" and answer("extra")(served) == 404)
    wait_until(lambda: answer("page")(served) == "page" and not documented(served))
    return served


def write_files(home: Path) -> None:
    """Put every file of the project in place and remove others."""
    for extra in set(home.rglob("*.py")) - {home / name for name in FILES}:
        extra.unlink()
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        if not (home / name).exists() or (home / name).read_text() != text.lstrip():
            save(home / name, text.lstrip())


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_is_served(kind: str, dev: Dev) -> None:
    """What was saved is what answers; what does not import leaves the answer before it."""
    for make, look, expected in KINDS[kind]:
        before = look(dev)

        make(dev.home)

        if expected is None:
            dev.build("failed")
            assert before == look(dev)
        else:
            wait_until(lambda look=look, expected=expected: look(dev) == expected)


def test_there_are_sixteen_kinds() -> None:
    """The table has the sixteen kinds that reloading tools are compared by."""
    assert 16 == len(KINDS)


def test_what_is_no_code_starts_nothing(home: Path, run: Callable[..., Dev]) -> None:
    """Templates, assets, logs, databases and touches are no changes; the next change of code is built alone."""
    dev = run(home)
    dev.build("ready")

    for name in ("page.html", "style.css", "data.json", "app.log", "project.db", "project.db-wal", "notes.md"):
        (home / name).write_text(name)
    (home / "main.py").touch()
    edit(home / "main.py", '"one"', '"two"')

    assert ["main.py"] == dev.build("ready")["trigger"]
    assert "two" == dev.word()


def test_configuration_is_code(home: Path, run: Callable[..., Dev]) -> None:
    """A YAML file, a TOML file and `.env` start a build as a module does."""
    names = ("api.yaml", "settings.yml", ".env", ".env.local", "pyproject.toml")
    dev = run(home)
    dev.build("ready")

    for name in names:
        (home / name).write_text("A = 2\n")
        assert [name] == dev.build("ready")["trigger"]
