"""Reading a request's body: what its headers already rule out, and no more bytes than are allowed."""

from starlette.requests import Request

from loom.rest.decode import BodyRules, check_stated
from loom.rest.errors import BadRequest


async def read_body(request: Request, rules: BodyRules) -> bytes:
    """Return the body, giving up as soon as it is too large.

    Raises:
        BadRequest: 413 where it is too large or says it will be, 415 where it is encoded or stated to be no JSON.
    """
    check_stated(request.headers.get("content-type"), request.headers.get("content-encoding"), rules)
    if _stated_length(request) > rules.max_bytes:
        raise too_large()
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > rules.max_bytes:
            raise too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def too_large() -> BadRequest:
    """Return the error of a body over the limit."""
    return BadRequest("the body is too large", code="body_too_large", status=413)


def _stated_length(request: Request) -> int:
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 20 else 0
