"""Pictures of the studio for the README and the docs: `python -m e2e.screenshots` writes docs/pages/images/*.png."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "pages" / "images"
SIZE = {"width": 1280, "height": 720}
PICTURES = {
    "now": "/",
    "routes": "/routes",
    "plan": "/plans/PricingPreviewUseCase?step=compute:2",
    "changes": "/changes",
}


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
                take(page, url.partition("#")[0].rstrip("/") + path, IMAGES / f"{name}-{theme}.png")
        browser.close()


def take(page: Page, url: str, file: Path) -> None:
    """Write what `url` shows once it is quiet."""
    page.goto(url)
    page.locator("nav.rail").wait_for()
    page.evaluate("document.fonts.ready")
    page.screenshot(path=file)


@contextmanager
def running(home: Path) -> Iterator[str]:
    """Give the address, key included, of a studio on a copy of the store."""
    shutil.copytree(ROOT / "examples" / "store", home, ignore=shutil.ignore_patterns("*.db*", ".loom", "__pycache__"))
    command = [Path(sys.executable).parent / "loom", "dev", "--no-open", "--json"]
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["studio_url"]
    assert json.loads(process.stdout.readline())["state"] == "ready"
    yield url
    process.send_signal(signal.SIGINT)
    process.wait(timeout=15)


if __name__ == "__main__":
    main()
