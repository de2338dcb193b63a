"""A developer's morning: open the studio, follow a route to its plan, edit, break, mend."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
LOOM = Path(sys.executable).parent / "loom"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dev:
    """A running `loom dev` and what it said."""

    def __init__(self, home: Path) -> None:
        ports = ["--port", str(free_port()), "--studio-port", str(free_port())]
        command = [LOOM, "dev", "--no-open", "--json", "--import-timeout", "20", *ports]
        self.process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
        started = self.next("started")
        self.app_url, self.studio_url = started["app_url"], started["studio_url"]

    def next(self, event: str) -> dict[str, str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            record: dict[str, str] = json.loads(line)
            if record["event"] == event:
                return record
        raise AssertionError("loom dev ended")

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.app_url + path, timeout=10) as answer:
            return int(answer.status)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("*.db*", ".loom", "__pycache__")
    return Path(shutil.copytree(ROOT / "examples" / "store", tmp_path / "store", ignore=ignored))


@pytest.fixture
def dev(home: Path) -> Iterator[Dev]:
    running = Dev(home)
    yield running
    running.process.send_signal(signal.SIGINT)
    running.process.communicate(timeout=15)


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("chromium is not on PATH")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser.new_page(viewport={"width": 1280, "height": 720})
        browser.close()


def test_from_route_to_plan_to_edit_to_break_to_mend(dev: Dev, home: Path, page: Page) -> None:
    """The plan and the diff follow an edit; a broken file shows its line while the API answers; mending heals it."""
    source = home / "src" / "app" / "user" / "use_cases.py"
    good = source.read_text()
    assert dev.next("build")["state"] == "ready"

    page.goto(dev.studio_url)
    expect(page.locator("main")).to_contain_text("my_store")
    page.click("a[href='/routes']")
    page.click("a[href='/plans/CreateUserUseCase']")
    expect(page.locator("svg.drawing")).to_contain_text("email must be valid")

    source.write_text(good.replace("email must be valid", "email looks wrong"))
    build = dev.next("build")
    assert build["state"] == "ready"
    assert 'CreateUserUseCase: rule 2 "' in " ".join(build["changes"])

    source.write_text(good + "\nbroken = (\n")
    assert dev.next("build")["state"] == "failed"
    assert dev.get("users/1") == 200
    page.click(".rail a[href='/']")
    expect(page.locator(".failure h2")).to_contain_text("SyntaxError")
    expect(page.locator(".failure .frame").first).to_contain_text("use_cases.py")
    expect(page.locator(".top .status")).to_contain_text("Stale")

    source.write_text(good)
    assert dev.next("build")["state"] == "ready"
    expect(page.locator(".failure")).to_have_count(0)
    expect(page.get_by_role("region", name="Latest builds")).to_contain_text("changed")


def test_a_killed_app_is_said_and_brought_back(dev: Dev) -> None:
    """SIGKILL of the serving process: the studio names the signal and the app answers again."""
    assert dev.next("build")["state"] == "ready"
    found = subprocess.run(["pgrep", "-P", str(dev.process.pid)], capture_output=True, text=True, check=True)
    subprocess.run(["kill", "-9", *found.stdout.split()], check=True)

    assert "SIGKILL" in dev.next("build")["error"]
    assert dev.next("build")["state"] == "ready"
    assert dev.get("users/1") == 200


def test_an_endless_loop_at_import_is_found(home: Path, tmp_path: Path) -> None:
    """The import limit ends it, and the failure names the user's line."""
    (home / "main.py").write_text("while True:\n    pass\n")
    command = [LOOM, "dev", "--no-open", "--import-timeout", "3"]
    command += ["--port", str(free_port()), "--studio-port", str(free_port())]
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "keeps serving" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=15)

    assert "did not start in time" in said
    assert "main.py" in said
