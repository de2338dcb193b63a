"""One compiled route as an endpoint: decode, run, encode. FastAPI's own dependency machinery is not on this path."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine import RuntimeExecutor
from loom.core.engine.plan import ParamBinding
from loom.core.errors import InvalidPayload, LoomError
from loom.core.use_case.factory import UseCaseFactory
from loom.rest.compiler import CompiledRoute
from loom.rest.decode import MAX_BODY_BYTES, bind_text, decode_body
from loom.rest.errors import BadRequest, error_body
from loom.rest.fastapi.response import MsgspecJSONResponse
from loom.rest.query import read_profile, read_query, snake

Endpoint = Callable[[Request], Awaitable[Response]]


def make_endpoint(compiled: CompiledRoute, factory: UseCaseFactory, executor: RuntimeExecutor) -> Endpoint:
    """Return the coroutine that serves `compiled`."""
    use_case = compiled.route.use_case
    bindings = {binding.name: binding for binding in compiled.plan.param_bindings}
    takes_body = compiled.plan.input_binding is not None
    factory.register(use_case)

    async def endpoint(request: Request) -> Response:
        try:
            params = _params(request, compiled, bindings)
            payload = decode_body(await _body(request)) if takes_body else None
            result = await executor.execute(
                factory.build(use_case), params=params, payload=payload, read_only=compiled.read_only
            )
        except LoomError as error:
            status, body = error_body(error)
            return MsgspecJSONResponse(body, status)
        return MsgspecJSONResponse(result, compiled.route.status_code)

    endpoint.__name__ = use_case.__name__
    return endpoint


def _params(request: Request, compiled: CompiledRoute, bindings: dict[str, ParamBinding]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name in compiled.path_params:
        params[name] = bind_text(bindings[name], str(request.path_params[name]))
    profile = read_profile(request.query_params, compiled)
    if compiled.takes_profile and "profile" not in params:
        params["profile"] = profile
    if compiled.query_spec:
        params[compiled.query_spec] = read_query(request.query_params, compiled)
    else:
        params |= _from_query(request, compiled, bindings)
    return params


def _from_query(request: Request, compiled: CompiledRoute, bindings: dict[str, ParamBinding]) -> dict[str, Any]:
    sent = {snake(name): value for name, value in request.query_params.items()}
    missing = [name for name in compiled.query_params if bindings[name].required and name not in sent]
    if missing:
        raise InvalidPayload([(name, "query parameter is required") for name in missing])
    return {name: bind_text(bindings[name], sent[name]) for name in compiled.query_params if name in sent}


async def _body(request: Request) -> bytes:
    """Read the body, giving up as soon as it is too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BadRequest("the body is too large", code="body_too_large", status=413)
        chunks.append(chunk)
    return b"".join(chunks)
