"""Which static files the studio serves: read once into a dict, found by exact key, never looked up on disk again.

There is no file endpoint: a path that is not a key does not exist, whatever it is made of.
"""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""Suffixes that are served; anything else in the folder stays there."""

_COMPRESSED = frozenset({".css", ".js", ".svg"})


class Asset(Struct, frozen=True, kw_only=True):
    """One static file.

    Attributes:
        body: as it is.
        packed: the same, gzip; b"" where that does not pay.
        type: Content-Type.
        etag: quoted content hash.
    """

    body: bytes
    packed: bytes
    type: str
    etag: str


def static_folder() -> Path:
    """Return where the files are: `studio/static` in an installed wheel, `static` at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "static"
    return installed if installed.is_dir() else package.parent / "static"


def read_assets(folder: Path) -> dict[str, Asset]:
    """Return every served file below `folder` by its URL path, `/static/js/boot.js`."""
    return {
        f"/static/{path.relative_to(folder).as_posix()}": _read(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in TYPES and path.is_file()
    }


async def serve_asset(asset: Asset, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with `asset`, or 304 where the browser has it."""
    headers = {key: value for key, value in scope["headers"] if key in {b"if-none-match", b"accept-encoding"}}
    await _answer(asset, headers)(scope, receive, send)


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(
        body=body,
        packed=gzip.compress(body, mtime=0) if path.suffix in _COMPRESSED else b"",
        type=TYPES[path.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


def _answer(asset: Asset, headers: Mapping[bytes, bytes]) -> Response:
    answer = {"etag": asset.etag, "vary": "accept-encoding"}
    if headers.get(b"if-none-match", b"").decode("latin-1") == asset.etag:
        return Response(status_code=304, headers=answer)
    if asset.packed and b"gzip" in headers.get(b"accept-encoding", b""):
        return Response(asset.packed, headers={**answer, "content-encoding": "gzip"}, media_type=asset.type)
    return Response(asset.body, headers=answer, media_type=asset.type)
