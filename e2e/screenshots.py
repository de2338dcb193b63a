"""Pictures of the studio for the README and the docs: `python -m e2e.screenshots` writes docs/pages/images/*.png."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "pages" / "images"
SIZE = {"width": 1280, "height": 720}
PICTURES = {
    "now": "/",
    "routes": "/routes",
    "plan": "/plans/PricingPreviewUseCase?step=compute:2",
    "requests": "/requests",
    "request": "/requests?q=status:rejected",
    "changes": "/changes",
}
OPENED = {"request": "tr.item a.row"}
"""Pictures of what a click on a page opens."""

PRICES = (("DE", 3), ("FR", 1), ("XX", 2), ("ES", 12))


def main() -> None:
    """Serve a copy of the store, visit every page in both themes."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "store") as url, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("dark", "light"):
            page = browser.new_context(viewport=SIZE, color_scheme=theme).new_page()
            page.goto(url)
            page.locator("nav.rail").wait_for()
            for name, path in PICTURES.items():
                file = IMAGES / f"{name}-{theme}.png"
                take(page, url.partition("#")[0].rstrip("/") + path, file, opened=OPENED.get(name, ""))
        browser.close()


def take(page: Page, url: str, file: Path, *, opened: str = "") -> None:
    """Write what `url` shows once it is quiet, or what its first link `opened` leads to."""
    page.goto(url)
    page.locator("nav.rail").wait_for()
    if opened:
        page.locator(opened).first.click()
        page.locator("svg.drawing").wait_for()
    page.evaluate("document.fonts.ready")
    page.screenshot(path=file)


def visit_store(url: str) -> None:
    """Ask the store what a few visitors would, some of it wrong."""
    asked: list[tuple[str, str, dict[str, object] | None]] = [("GET", f"users/{n}", None) for n in range(1, 4)]
    asked += [("GET", "products/?limit=5", None), ("GET", "users/4711", None), ("GET", "products/low-stock", None)]
    for country, quantity in PRICES:
        price = {"email": " Ada@Example.org ", "country": country, "unitPrice": 19.9, "quantity": quantity}
        asked.append(("POST", "pricing/1/preview", price))
    asked.append(("POST", "users/", {"fullName": " ", "email": "ada.example.org"}))
    asked.append(("POST", "products/1/workflows/restock", {"recipientEmail": "stock@example.org"}))
    for method, path, body in asked:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        with suppress(HTTPError), urlopen(Request(url + path, data, headers, method=method), timeout=10):
            pass


@contextmanager
def running(home: Path) -> Iterator[str]:
    """Give the address, key included, of a studio on a copy of the store."""
    shutil.copytree(ROOT / "examples" / "store", home, ignore=shutil.ignore_patterns("*.db*", ".loom", "__pycache__"))
    command = [Path(sys.executable).parent / "loom", "dev", "--no-open", "--json"]
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    started = json.loads(process.stdout.readline())
    assert json.loads(process.stdout.readline())["state"] == "ready"
    visit_store(started["app_url"])
    yield started["studio_url"]
    process.send_signal(signal.SIGINT)
    process.wait(timeout=15)


if __name__ == "__main__":
    main()
