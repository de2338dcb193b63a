"""A JSON response encoded by msgspec."""

from typing import Any

from starlette.responses import Response

from loom.rest.encode import encode


class MsgspecJSONResponse(Response):
    """Takes dicts, lists, scalars, None and structs."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the encoded body."""
        return encode(content)
