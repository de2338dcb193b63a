"""`loom routes`, `loom plan`, `loom check`: what a terminal is told, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

LOOM = Path(sys.executable).parent / "loom"

GOOD = """
from loom.core.command import Command
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import F, Input, Rule, UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute


class Note(BaseModel):
    __tablename__ = "notes"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=120)


class CreateNote(Command, frozen=True):
    title: str


class CreateNoteUseCase(UseCase[Note, Note]):
    rules = [Rule.check(F(CreateNote).title, via=lambda title: not title, message="a note needs a title")]

    async def execute(self, cmd: CreateNote = Input()) -> Note:
        return await self.main_repo.create(cmd)


class NoteInterface(RestInterface[Note]):
    prefix = "/notes"
    routes = (RestRoute(use_case=CreateNoteUseCase, method="POST", path="/", status_code=201),)


app = create_app({"app": {"name": "notes"}, "database": {"url": "sqlite+aiosqlite://"}}, interfaces=[NoteInterface])
"""


def loom(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LOOM, *arguments], cwd=home, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(dedent(GOOD))
    return tmp_path


def test_routes_name_the_use_case_behind_each(home: Path) -> None:
    """Method, path, use case and status, as text and as JSON."""
    text, data = loom(home, "routes"), loom(home, "routes", "--json")

    assert "POST" in text.stdout
    assert "/notes/  CreateNoteUseCase (201)" in text.stdout
    assert ["/notes/"] == [row["path"] for row in json.loads(data.stdout)]


@pytest.mark.parametrize("name", ["CreateNoteUseCase", "CreateNote", "createnote"])
def test_plan_is_found_by_its_name_or_the_beginning_of_it(home: Path, name: str) -> None:
    """The beginning of a name will do where only one plan has it."""
    drawn = loom(home, "plan", name)

    assert drawn.stdout.startswith("CreateNoteUseCase")
    assert "a note needs a title" in drawn.stdout


def test_plan_as_json_holds_every_step(home: Path) -> None:
    """`--json` prints the plan as data."""
    plan = json.loads(loom(home, "plan", "CreateNoteUseCase", "--json").stdout)

    assert ["input:cmd", "rule:1", "execute"] == [step["id"] for step in plan["steps"]]


def test_unknown_plan_comes_with_the_name_that_was_meant(home: Path) -> None:
    """A misspelt name fails and suggests the closest one."""
    answer = loom(home, "plan", "CraeteNoteUseCase")

    assert 1 == answer.returncode
    assert "did you mean 'CreateNoteUseCase'?" in answer.stderr


def test_check_of_a_sound_app_succeeds(home: Path) -> None:
    """No problem, exit code 0, a line of counts."""
    answer = loom(home, "check")

    assert (0, "ok: 1 routes, 1 plans, 1 models\n") == (answer.returncode, answer.stdout)


def test_check_warns_of_a_key_nobody_reads(home: Path) -> None:
    """An unknown configuration key is a warning with what was meant, not a failure."""
    (home / "main.py").write_text(GOOD.replace('"database": {"url"', '"database": {"ehco": True, "url"'))

    answer = loom(home, "check")

    assert 0 == answer.returncode
    assert "warning: " in answer.stderr
    assert "did you mean 'echo'?" in answer.stderr


def test_check_reports_every_problem_with_file_and_line(home: Path) -> None:
    """All mistakes of models, rules and loads in one go, each where it was made, with what was meant."""
    source = GOOD.replace("F(CreateNote).title", "F(CreateNote).titel").replace(
        "cmd: CreateNote = Input()",
        "cmd: CreateNote = Input(), known: bool = Exists(Note, from_param='nid', against='id')",
    )
    (home / "main.py").write_text(source.replace("import F, Input", "import Exists, F, Input"))

    answer = loom(home, "check")

    assert 1 == answer.returncode
    assert (
        "main.py:20: CreateNoteUseCase > rules[0]: CreateNote has no field 'titel' (did you mean 'title'?)"
        in answer.stderr
    )
    assert "'nid' not found" in answer.stderr
    assert answer.stderr.endswith("2 problems\n")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = (\n", "main.py:1: SyntaxError"),
        ("import nothing_here\n", "main.py:1: ModuleNotFoundError"),
        ("x = 1\n", "is not an application made by create_app"),
    ],
)
def test_check_says_where_a_module_breaks(home: Path, source: str, said: str) -> None:
    """An app that cannot be imported is one problem at the user's own line, not a traceback."""
    (home / "main.py").write_text(source)

    answer = loom(home, "check")

    assert 1 == answer.returncode
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("command", [("check",), ("routes",), ("plan", "X"), ("dev", "--no-open")])
def test_directory_without_an_app_says_where_it_looked(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Every command fails with the places that were tried."""
    answer = loom(tmp_path, *command)

    assert 1 == answer.returncode
    assert "no application in" in answer.stderr
    assert "main.py" in answer.stderr
