"""Every code block of the README, the guides and the examples runs.

Python blocks of a page run in order, as one module with `await` allowed at its top level. A block with a title is a file
of the page's directory. `loom` commands run there, those that would go on for ever are only parsed; what stands below a
command is what it prints. `<!-- store -->` makes the directory a copy of examples/store.
"""

import ast
import asyncio
import inspect
import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from loom.cli import cli
from loom.core.config import load_config
from tests.docs.pages import ROOT, Block, blocks, pages

LOOM = Path(sys.executable).parent / "loom"
ENDLESS = frozenset({"dev", "run", "worker"})
PROSE = frozenset({"text", "http", "mermaid", "html", ""})


class Page:
    """Runs the blocks of one page in a directory."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self.home = home
        self.module = types.ModuleType(f"page_{path.stem.replace('-', '_')}")
        sys.modules[self.module.__name__] = self.module

    def run(self, block: Block, runner: asyncio.Runner) -> None:
        """Run `block`; a failure says where it stands."""
        if block.title:
            self.write(block)
        if block.language == "python" and not block.title:
            self.python(block, runner)
        elif block.language in CHECKS:
            CHECKS[block.language](self, block.body)
        elif block.language not in PROSE | {"python"}:
            pytest.fail(f"nothing runs {block.language!r} blocks")

    def write(self, block: Block) -> None:
        """Make the file a titled block stands for."""
        file = self.home / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.body)

    def python(self, block: Block, runner: asyncio.Runner) -> None:
        """Execute a block in the page's module; names stay for the blocks after it."""
        source = "\n" * (block.line - 1) + block.body
        code = compile(source, str(self.path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, vars(self.module))
        if inspect.isawaitable(result):
            runner.run(_awaited(result))

    def store(self, _: str) -> None:
        """Make the directory a copy of examples/store."""
        ignored = shutil.ignore_patterns("*.db*", ".loom", "__pycache__")
        shutil.copytree(ROOT / "examples" / "store", self.home, ignore=ignored, dirs_exist_ok=True)
        sys.path.insert(0, str(self.home / "src"))

    def console(self, body: str) -> None:
        """Run or check every command, and compare what it prints."""
        for command, expected in commands(body):
            words = shlex.split(command, comments=True)
            if words[0] == "loom":
                self.loom(words[1:], expected)
            elif words[0] == "make":
                subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, check=True, capture_output=True)
            elif words[:2] == ["pip", "install"]:
                check_requirement(words[2])
            elif words[0] not in ("cd", "celery", "curl"):
                pytest.fail(f"nothing checks {command!r}")

    def loom(self, words: list[str], expected: str) -> None:
        """Run one `loom` command, or parse it where it would not end."""
        if words[0] in ENDLESS:
            registered().make_context("loom", words or [*words, "--help"], resilient_parsing=True)
            return
        ran = subprocess.run([LOOM, *words], cwd=self.home, capture_output=True, text=True, check=False, timeout=60)
        assert not expected or expected == ran.stdout.rstrip(), ran.stdout + ran.stderr
        assert expected or ran.returncode == 0, ran.stdout + ran.stderr


def check_yaml(page: Page, body: str) -> None:
    """Read it as configuration."""
    file = page.home / "block.yaml"
    file.write_text(body)
    load_config(file) if "includes:" not in body else yaml.safe_load(body)


CHECKS = {
    "console": Page.console,
    "store": Page.store,
    "yaml": check_yaml,
    "json": lambda _, body: json.loads(body),
    "toml": lambda _, body: tomllib.loads(body),
}


def commands(body: str) -> Iterator[tuple[str, str]]:
    """Give every `$ command` of a console block with what stands below it."""
    command, output = "", []
    for line in [*body.splitlines(), "$ "]:
        if not line.startswith("$ "):
            output.append(line)
            continue
        if command:
            yield command, "\n".join(output).strip()
        command, output = line[2:], []


def check_requirement(requirement: str) -> None:
    """Raise where an extra of loom-studio is named that does not exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name, _, extras = requirement.partition("[")
    asked = {extra.strip() for extra in extras.rstrip("]").split(",")} - {""}
    assert name != "loom-studio" or asked <= set(project["optional-dependencies"])


def registered() -> Any:
    """Return the `loom` command with those of the studio."""
    from studio.dev import dev

    if "dev" not in {command.name for command in cli.registered_commands}:
        cli.command("dev")(dev)
    return typer.main.get_command(cli)


async def _awaited(result: object) -> object:
    return await result  # type: ignore[misc]  # the caller has seen that it is awaitable


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to be in, with the import path and the modules put back afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setitem(os.environ, "DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'store.db'}")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("app", "main") or name.startswith("page_"):
            del sys.modules[name]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_runs(page: Path, directory: Path) -> None:
    """The page says nothing that is not true of this version."""
    running = Page(page, directory)
    with asyncio.Runner() as runner:
        for block in blocks(page):
            try:
                running.run(block, runner)
            except Exception as error:
                raise AssertionError(f"{page.relative_to(ROOT)}:{block.line}: {error!r}") from error


def test_a_page_with_a_wrong_block_is_noticed(tmp_path: Path, directory: Path) -> None:
    """A failing block fails, in every language that is run."""
    wrong = [
        "python\n1 / 0",
        'python title="a.py"\nx',
        "yaml\na: [",
        "json\n{",
        "console\n$ make nothing",
        "cobol\nMOVE",
    ]
    failed = []
    for number, body in itertools.zip_longest(range(len(wrong)), wrong):
        page = tmp_path / f"{number}.md"
        page.write_text(f"```{body}\n```\n")
        running = Page(page, directory)
        with asyncio.Runner() as runner:
            try:
                for block in blocks(page):
                    running.run(block, runner)
            except (Exception, pytest.fail.Exception):
                failed.append(body)

    assert failed == [body for body in wrong if "title" not in body]
