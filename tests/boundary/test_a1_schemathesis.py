"""A1. Schemathesis on the store, as a process of its own: every check, valid and invalid requests, sequences of them.

`LOOM_SCHEMATHESIS_EXAMPLES` asks for more than CI has time for.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

EXAMPLES = os.environ.get("LOOM_SCHEMATHESIS_EXAMPLES", "20")
HERE = Path(__file__).parent
STORE = HERE.parents[1] / "examples" / "store"

pytestmark = pytest.mark.slow

NAIVE = '''
"""The same three operations by hand, the way they are written when nobody thinks of the edge."""
import sqlite3
from fastapi import FastAPI
from pydantic import BaseModel

class Item(BaseModel):
    name: str
    size: int = 0

database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("create table items (id integer primary key, name varchar(20), size integer)")
app = FastAPI()

@app.post("/items", status_code=201)
async def create(item: Item) -> dict:
    return {"id": database.execute("insert into items (name, size) values (?, ?)", (item.name, item.size)).lastrowid}

@app.get("/items/{item_id}")
async def get(item_id: int) -> dict:
    row = database.execute("select id, name, size from items where id = ?", (item_id,)).fetchone()
    return dict(zip(("id", "name", "size"), row))
'''


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[str]:
    """The address of the running store."""
    directory = shutil.copytree(STORE, tmp_path / "store", ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    with Served(Path(directory), tmp_path / "store.log", DATABASE_URL=database_url) as address:
        yield address


@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_store_has_no_findings(store: str, tmp_path: Path) -> None:
    """No request Schemathesis thinks of, valid or not, alone or in sequence, finds anything wrong with the store."""
    ran = fuzz(store, tmp_path, "--max-examples", EXAMPLES, hooks="schemathesis_hooks")

    print(summary(ran))
    assert (0, True) == (ran.returncode, "No issues found" in ran.stdout), ran.stdout[-6000:]
    assert all(
        f"✅ {phase}" in ran.stdout.replace("  ", " ") for phase in ("Examples", "Coverage", "Fuzzing", "Stateful")
    )


def test_control_a_naive_application_has_findings(tmp_path: Path) -> None:
    """The same run finds server errors and accepted nonsense in an application written by hand."""
    (tmp_path / "main.py").write_text(NAIVE)

    with Served(tmp_path, tmp_path / "naive.log") as address:
        ran = fuzz(address, tmp_path, "--max-examples", EXAMPLES)

    assert ran.returncode == 1
    assert "Server error" in ran.stdout


def fuzz(address: str, directory: Path, *options: str, hooks: str = "") -> subprocess.CompletedProcess[str]:
    """Run every check in every phase on the application at `address`, the same way every time.

    Texts hold no NUL here: JSON Schema cannot say that no text may, and A2 and A3 try them everywhere.
    """
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{address}/openapi.json", "--checks", "all"]
    command += ["--mode", "all", "--generation-deterministic", "--generation-allow-x00", "false", "--no-color"]
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore", "COLUMNS": "200"}
    if hooks:
        environment["SCHEMATHESIS_HOOKS"] = hooks
    return subprocess.run(
        [*command, *options], cwd=directory, env=environment, text=True, capture_output=True, timeout=900, check=False
    )


def summary(ran: subprocess.CompletedProcess[str]) -> str:
    """Return the line that counts requests."""
    found = re.search(r"[\d,]+ generated.*", ran.stdout)
    return f"schemathesis: {found[0] if found else 'no summary'}"


class Served:
    """`main:app` of a directory, served by uvicorn in a process of its own while the context lasts."""

    def __init__(self, directory: Path, log: Path, **environment: str) -> None:
        self._directory, self._log, self._environment = directory, log, environment

    def __enter__(self) -> str:
        port = _free_port()
        command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), "--log-level", "warning"]
        environment = {**os.environ, **self._environment}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=self._directory, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            self._wait(address)
        except BaseException:
            self.__exit__()
            raise
        return address

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _wait(self, address: str) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(f"{address}/openapi.json", timeout=10)
            except httpx.TransportError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the application did not start: {self._log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
