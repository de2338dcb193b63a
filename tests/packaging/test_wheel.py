"""The wheel: built from this tree, installed in an empty virtual environment, it serves the store and its studio."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT], check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=True)
    interpreter = home / "bin" / "python"
    install = [interpreter, "-m", "pip", "install", "--quiet", f"{wheel}[studio]"]
    subprocess.run(install, check=True, capture_output=True, cwd=home)
    return interpreter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("*.db*", ".loom", "__pycache__")
    return Path(shutil.copytree(ROOT / "examples" / "store", tmp_path / "store", ignore=ignored))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def running(python: Path, store: Path) -> Iterator[dict[str, str]]:
    command = [python.parent / "loom", "dev", "--no-open", "--json"]
    command += ["--port", str(free_port()), "--studio-port", str(free_port())]
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "DATABASE_URL")}
    process = subprocess.Popen(command, cwd=store, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    found: dict[str, str] = {}
    printed = []
    for line in process.stdout:
        printed.append(line)
        event = json.loads(line) if line.startswith("{") else {}
        found |= {key: event[key] for key in ("app_url", "studio_url") if key in event}
        if event.get("state") == "ready":
            break
    else:
        pytest.fail("loom dev ended before it was ready:\n" + "".join(printed))
    yield found
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)


def get(url: str, token: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


def test_the_wheel_holds_the_studio_with_its_static_files(wheel: Path) -> None:
    """Templates, styles, scripts and vendored files travel in the wheel; tests and examples do not."""
    names = zipfile.ZipFile(wheel).namelist()

    assert [n for n in names if n.endswith(("htmx.min.js", "tokens.css", "plan.html"))] != []
    assert [n for n in names if n.startswith(("tests/", "examples/", "e2e/"))] == []


def test_a_wheel_in_an_empty_environment_serves_the_store_and_the_studio(running: dict[str, str]) -> None:
    """`loom dev` from the wheel answers on both ports, assets included."""
    studio, _, token = running["studio_url"].partition("#k=")

    assert get(f"{running['app_url'].rstrip('/')}/products/low-stock")[0] == 200
    assert get(f"{studio}static/vendor/htmx.min.js")[0] == 200
    assert b"CreateUserUseCase" in get(f"{studio}plans", token)[1]
