"""Static files: a closed list, found by exact key, and the vendored ones are what their table says."""

import gzip
import hashlib
import tomllib

import httpx
import pytest

from studio.web.app import StudioApp
from studio.web.assets import TYPES, read_assets, static_folder
from tests.studio_web.conftest import AUTHORISED

VENDOR = static_folder() / "vendor"
ROWS = tomllib.loads((VENDOR / "VENDOR.toml").read_text())["file"]
OWN = {"VENDOR.toml", "vendor.py"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_vendored_file_is_what_the_table_says(row: dict[str, str]) -> None:
    """The checksum of a vendored file equals the one of its row."""
    assert row["sha256"] == hashlib.sha256((VENDOR / row["name"]).read_bytes()).hexdigest()
    assert row["licence"] in {"0BSD", "MIT", "OFL-1.1"}


def test_the_table_lists_every_vendored_file() -> None:
    """Nothing lies in the vendor folder that the table does not name."""
    assert {row["name"] for row in ROWS} | OWN == {path.name for path in VENDOR.iterdir() if path.is_file()}


async def test_every_asset_answers_without_a_key(client: httpx.AsyncClient) -> None:
    """Each file of the list is served as it is on disk, with its type, key or not."""
    for path, asset in read_assets(static_folder()).items():
        answer = await client.get(path)

        assert (200, asset.body, asset.type) == (answer.status_code, answer.content, answer.headers["content-type"])


@pytest.mark.parametrize(
    "path",
    [
        "/static",
        "/static/",
        "/static/js",
        "/static/vendor/VENDOR.toml",
        "/static/vendor/vendor.py",
        "/static/vendor/htmx.LICENSE",
        "/static/js/boot.js/",
        "/static/js/boot.js%00",
        "/static/js/boot.js%20",
        "/static/js/BOOT.js",
        "/static//js/boot.js",
        "/static/js/../../pyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static/..%2fpyproject.toml",
        "/static/js/..%5c..%5cpyproject.toml",
        "/static/js/boot.js::$DATA",
        "/static/js/boot.js;.css",
        "/@fs/etc/passwd",
        "/etc/passwd",
    ],
)
async def test_a_path_that_is_no_key_does_not_exist(client: httpx.AsyncClient, path: str) -> None:
    """No spelling of a path reaches another file: 401 without the key, 404 with it."""
    without = await client.get(path)
    within = await client.get(path, headers=AUTHORISED)

    assert (401, 404) == (without.status_code, within.status_code)


async def test_text_is_served_packed_where_the_browser_can_unpack(studio: StudioApp) -> None:
    """Scripts travel as gzip for those who accept it, and plain for those who do not."""
    asset = read_assets(static_folder())["/static/vendor/htmx.min.js"]

    assert asset.body == gzip.decompress(asset.packed)
    assert len(asset.packed) * 2 < len(asset.body)


async def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    """The validator of one answer turns the next into 304 without a body."""
    first = await client.get("/static/js/boot.js", headers={"accept-encoding": "gzip"})
    again = await client.get("/static/js/boot.js", headers={"if-none-match": first.headers["etag"]})

    assert "gzip" == first.headers["content-encoding"]
    assert (304, b"") == (again.status_code, again.content)


def test_the_eager_scripts_stay_small() -> None:
    """What every page loads is at most 40 kB packed, and all files together under 1.5 MB raw."""
    assets = read_assets(static_folder())
    eager = [asset for path, asset in assets.items() if path.endswith(".js") and path.count("/") == 3]

    assert sum(len(asset.packed) for asset in eager) <= 40_000
    assert sum(len(asset.body) for asset in assets.values()) < 1_500_000
    assert {asset.type for asset in assets.values()} <= set(TYPES.values())
