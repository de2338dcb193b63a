"""Code that breaks: the studio stays, the own line is named, the last good build answers, mending heals."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes.conftest import PLAIN, Dev, edit, save, wait_until

pytestmark = pytest.mark.slow

# What is put before the application's code, and what the terminal then says: title, phase, line of the own frame.
BREAKAGES = {
    "syntax": ("def broken(:\n", "SyntaxError", "import", 1),
    "indent": ("if True:\npass\n", "IndentationError", "import", 2),
    "import error": ("import nothing_of_that_name\n", "ModuleNotFoundError", "import", 1),
    "circular import": ("import around\n", "ImportError", "import", 1),
    "name error": ("\nnothing_of_that_name\n", "NameError", "import", 2),
    "sys.exit": ("import sys\nsys.exit(3)\n", "SystemExit", "import", 2),
    "os._exit": ("import os\nos._exit(7)\n", "exit code 7", "crash", 2),
    "segmentation fault": ("import ctypes\nctypes.string_at(0)\n", "SIGSEGV", "crash", 2),
    "killed": ("import os\nos.kill(os.getpid(), 9)\n", "SIGKILL", "crash", None),
    "endless loop": ("while True:\n    pass\n", "longer than 2 s", "timeout", None),
    "long sleep": ("import time\ntime.sleep(30)\n", "longer than 2 s", "timeout", 2),
    "no application": ("def app(): ...\ndel app\nraise KeyError('x')\n", "KeyError", "import", 3),
}
AROUND = "from main import nothing_yet\n"


@pytest.mark.parametrize("kind", BREAKAGES)
def test_broken_code_is_named_and_the_last_good_build_answers(kind: str, home: Path, run: Callable[..., Dev]) -> None:
    """A save that breaks is said with the user's own line, changes nothing for clients, and mending it heals."""
    code, says, phase, line = BREAKAGES[kind]
    main = home / "main.py"
    (home / "around.py").write_text(AROUND)
    dev = run(home, "--import-timeout", "2")
    dev.build("ready", 40)
    before = dev.pid()

    save(main, code + PLAIN)
    failed = dev.build("failed")

    assert says in failed["error"]
    assert phase == failed["phase"]
    assert line is None or f"{main}:{line}" == failed["place"] or "around.py" in failed["place"]
    assert ("one", before) == (dev.word(), dev.pid())
    assert dev.studio_answers()
    save(main, PLAIN.replace('"one"', '"two"'))
    dev.build("ready")
    assert "two" == dev.word()


def test_code_that_is_broken_from_the_start_is_served_once_mended(home: Path, run: Callable[..., Dev]) -> None:
    """A first build that fails leaves a studio; a client that asks meanwhile waits and gets the mended answer."""
    save(home / "main.py", "raise RuntimeError('not yet')\n")
    dev = run(home)
    failed = dev.build("failed")

    assert f"{home / 'main.py'}:1" == failed["place"]
    assert dev.studio_answers()
    save(home / "main.py", PLAIN)
    assert "one" == dev.word()


def test_bad_yaml_is_named_by_file(home: Path, run: Callable[..., Dev]) -> None:
    """A configuration that does not parse is a failed build that names the file; mending it heals."""
    (home / "api.yaml").write_text("app:\n  name: first\n")
    save(
        home / "main.py",
        "from loom.core.config.loader import load_config\n\nCONFIG = load_config('api.yaml')\n" + PLAIN,
    )
    dev = run(home)
    dev.build("ready")

    save(home / "api.yaml", "app: [\n")
    failed = dev.build("failed")

    assert "api.yaml" in failed["error"]
    assert "one" == dev.word()
    save(home / "api.yaml", "app:\n  name: second\n")
    dev.build("ready")


def test_a_lifespan_that_fails_is_named(home: Path, run: Callable[..., Dev]) -> None:
    """An exception while the application starts is a failed build with the own line."""
    dev = run(home)
    dev.build("ready")
    lifespan = "from fastapi import FastAPI\n\nasync def start(app):\n    raise ValueError('no port')\n    yield\n\n"

    save(home / "main.py", lifespan + "app = FastAPI(lifespan=__import__('contextlib').asynccontextmanager(start))\n")
    failed = dev.build("failed")

    assert "ValueError: no port" == failed["error"]
    assert ("startup", f"{home / 'main.py'}:4") == (failed["phase"], failed["place"])
    assert "one" == dev.word()


def test_a_killed_app_is_back_by_itself(home: Path, run: Callable[..., Dev]) -> None:
    """SIGKILL of the serving process is said, and the app answers again within two seconds."""
    dev = run(home)
    dev.build("ready")
    pid = dev.pid()

    os.kill(pid, 9)
    failed = dev.build("failed")

    assert "SIGKILL" in failed["error"]
    assert "one" == dev.word()
    assert pid != dev.pid()


def test_a_crash_loop_backs_off(home: Path, run: Callable[..., Dev]) -> None:
    """An app that ends right after it starts is restarted with growing pauses, and a mended one serves at once."""
    crashing = "import asyncio, os\nfrom fastapi import FastAPI\nasync def start(app):\n    asyncio.get_running_loop()."
    crashing += "call_later(0.05, os._exit, 9)\n    yield\n"
    crashing += "app = FastAPI(lifespan=__import__('contextlib').asynccontextmanager(start))\n"
    save(home / "main.py", crashing)
    dev = run(home)

    moments = []
    for _ in range(3):
        assert "exit code 9" in dev.build("failed", 15)["error"]
        moments.append(time.monotonic())

    assert 0.5 <= moments[1] - moments[0]
    assert 1.0 <= moments[2] - moments[1]
    save(home / "main.py", PLAIN)
    assert wait_until(lambda: dev.word() == "one") < 5


def test_a_mended_line_replaces_a_build_that_hangs(home: Path, run: Callable[..., Dev]) -> None:
    """A save while the one before is stuck in its import is built at once; the stuck one is given up."""
    dev = run(home, "--import-timeout", "60")
    dev.build("ready")
    edit(home / "main.py", "WORD =", "open('begun', 'w').close()\nwhile True: pass\nWORD =")
    wait_until((home / "begun").exists)

    save(home / "main.py", PLAIN.replace('"one"', '"three"'))

    assert wait_until(lambda: dev.word() == "three") < 10
