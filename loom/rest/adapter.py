"""Running use cases from hand-written FastAPI routes: results as JSON values, errors as FastAPI's own exceptions."""

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from loom.core.engine import RuntimeExecutor
from loom.core.errors import LoomError
from loom.core.transport import AdapterRequest
from loom.rest.encode import encode
from loom.rest.errors import error_body

if TYPE_CHECKING:
    from fastapi import HTTPException


class HttpErrorMapper:
    """Turns loom's errors into FastAPI's; override `to_http` to answer some of them differently."""

    def to_http(self, error: LoomError) -> "HTTPException":
        """Return the exception that answers with the status and the `detail` a compiled route answers with."""
        from fastapi import HTTPException  # `loom.rest` itself needs no web framework

        status, body = error_body(error)
        return HTTPException(status_code=status, detail=body["detail"])


class LoomRestAdapter:
    """A `LoomAdapter` over an executor.

    Args:
        error_mapper: turns a `LoomError` into what FastAPI answers.
    """

    def __init__(self, executor: RuntimeExecutor, error_mapper: HttpErrorMapper | None = None) -> None:
        self._executor = executor
        self._mapper = error_mapper or HttpErrorMapper()

    async def handle(self, use_case: Any, request: AdapterRequest) -> Any:
        """Run the built `use_case`. A struct comes back as a dict of JSON values, anything else as it is.

        Raises:
            HTTPException: for every `LoomError`; other exceptions come out unchanged.
        """
        try:
            result = await self._executor.execute(
                use_case,
                params=request.params,
                payload=request.payload,
                dependencies=dict(request.dependencies) or None,
            )
        except LoomError as error:
            raise self._mapper.to_http(error) from error
        return msgspec.json.decode(encode(result)) if isinstance(result, Struct) else result
