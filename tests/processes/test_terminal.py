"""The terminal: one line per good build, one frame per bad one, and keys."""

import os
import pty
import select
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio.events import Failure, Frame
from studio.failures import failure_of
from studio.processes.terminal import framed, status_line
from studio.snapshot import Snapshot
from studio.store import Build
from tests.processes.conftest import LOOM, free_port, save, wait_until


class Typist:
    """`loom dev` in a terminal of its own, with somebody at the keyboard."""

    def __init__(self, home: Path) -> None:
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            ports = ["--port", str(free_port()), "--studio-port", str(free_port())]
            os.execv(LOOM, [str(LOOM), "dev", "--no-open", *ports])
        self.seen = ""
        self.code: int | None = None

    def wait_for(self, text: str, timeout_s: float = 20) -> None:
        """Read until `text` has been said; what came before it is forgotten."""
        end = time.monotonic() + timeout_s
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self._descriptor], [], [], 0.1)[0]:
                self.seen += os.read(self._descriptor, 65536).decode(errors="replace")
        self.seen = self.seen.partition(text)[2]

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._descriptor, keys.encode())

    def ended(self) -> bool:
        """Return whether it has ended; its exit code is `code` then."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is not None

    def close(self) -> None:
        """End it."""
        if not self.ended():
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)


@pytest.fixture
def typist(home: Path) -> Iterator[Typist]:
    """Somebody in front of `loom dev` on the plain project."""
    somebody = Typist(home)
    somebody.wait_for("ready ")
    yield somebody
    somebody.close()


@pytest.mark.slow
def test_keys_reload_explain_and_quit(typist: Typist, home: Path) -> None:
    """`r` builds again, `?` lists the keys, `e` repeats the last error, `q` ends with 0."""
    typist.press("r")
    typist.wait_for("ready ")
    typist.press("?")
    typist.wait_for("open the studio")
    typist.press("e")
    typist.wait_for("nothing has failed")
    save(home / "main.py", "nothing_here\n")
    typist.wait_for("NameError")
    typist.press("e")
    typist.wait_for("NameError")
    typist.press("q")

    wait_until(typist.ended, 5)
    assert 0 == typist.code


def test_a_good_build_is_one_line() -> None:
    """The status line has the time, its parts and what there is."""
    build = Build(
        number=1,
        at=datetime.now(UTC),
        snapshot=Snapshot(app="x"),
        total_ms=94.2,
        import_ms=61.4,
        compile_ms=12.1,
        startup_ms=9.0,
    )

    assert "ready 94 ms (import 61, compile 12, start 9) | 0 routes | 0 use cases | 0 jobs" == status_line(build)


def test_a_bad_build_is_one_frame_around_the_own_line() -> None:
    """The frame holds the error, the own place, two lines of code on either side and the advice."""
    code = "".join(f"line {number}\n" for number in range(7, 14))
    own = Frame(file="/app/main.py", line=10, function="work", code=code, first_line=7, own=True)
    library = Frame(file="/lib/site-packages/x.py", line=1, function="deep", code="x\n", first_line=1)
    failure = Failure(
        phase="import", title="NameError", message="no x", frames=(own, library), hint="did you mean 'y'?"
    )

    assert [
        "┌─ import failed",
        "│ NameError: no x",
        "│ /app/main.py:10 in work",
        "│      8  line 8",
        "│      9  line 9",
        "│ >   10  line 10",
        "│     11  line 11",
        "│     12  line 12",
        "│ did you mean 'y'?",
        "└─ the last good build keeps serving, if there was one",
    ] == framed(failure).splitlines()


MENDS = {
    "name": ("address = 1\nadress\n", "replace", "adress", "address"),
    "attribute": ("import json\njson.dump5({})\n", "replace", "dump5", "dump"),
    "import": ("from json import dumpz\n", "replace", "dumpz", "dump"),
    "module": ("import helperz\n", "replace", "helperz", "helpers"),
    "extra": ("raise ModuleNotFoundError('x', name='prometheus_client')\n", "install", "", ""),
    "table": ("raise RuntimeError('no such table: users')\n", "create_table", "", "users"),
}


@pytest.mark.parametrize("kind", MENDS)
def test_a_failure_whose_mend_is_known_carries_it(kind: str, tmp_path: Path) -> None:
    """A misspelt name, a missing extra and a missing table come with the mend as data."""
    code, fix_kind, old, new = MENDS[kind]
    file = tmp_path / "main.py"
    file.write_text(code)
    (tmp_path / "helpers.py").write_text("")

    failure = failing(code, file, tmp_path)

    assert failure.fix is not None
    assert (fix_kind, old, new) == (failure.fix.kind, failure.fix.old, failure.fix.new)
    assert failure.hint
    assert fix_kind != "replace" or (str(file), code.count("\n")) == (failure.fix.file, failure.fix.line)


def test_a_failure_nobody_knows_carries_no_mend(tmp_path: Path) -> None:
    """An error without a known mend offers none."""
    assert failing("raise ValueError('why')\n", tmp_path / "main.py", tmp_path).fix is None


def failing(code: str, file: Path, root: Path) -> Failure:
    """Return the failure of running `code` as `file`."""
    run: Callable[..., None] = lambda: exec(compile(code, str(file), "exec"), {})  # noqa: E731
    try:
        run()
    except Exception as error:
        return failure_of(error, root, "import")
    raise AssertionError("nothing failed")
