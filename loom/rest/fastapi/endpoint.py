"""One compiled route as an endpoint: decode, run, encode. FastAPI's own dependency machinery is not on this path.

Errors leave the endpoint as they are: the application's exception handlers turn them into answers, the user's before
loom's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine import RuntimeExecutor
from loom.core.errors import InvalidPayload
from loom.core.use_case.factory import UseCaseFactory
from loom.rest.bounds import BodyBounds, check_path
from loom.rest.decode import BodyRules, decode_body, refuse_unfitting, text_binder
from loom.rest.encode import encoder_for
from loom.rest.fastapi.body import read_body
from loom.rest.names import snake
from loom.rest.query import read_profile, read_query
from loom.rest.route import CompiledRoute

Endpoint = Callable[[Request], Awaitable[Response]]
Binders = Mapping[str, Callable[[Sequence[str]], Any]]
_BODILESS = frozenset({204, 205, 304})
_RULES = BodyRules()


def make_endpoint(
    compiled: CompiledRoute, factory: UseCaseFactory, executor: RuntimeExecutor, *, rules: BodyRules = _RULES
) -> Endpoint:
    """Return the coroutine that serves `compiled`.

    Args:
        rules: what a body may be.
    """
    use_case = compiled.route.use_case
    binders = {
        each.name: text_binder(each, in_query=each.name not in compiled.path_params)
        for each in compiled.plan.param_bindings
    }
    required = frozenset(each.name for each in compiled.plan.param_bindings if each.required)
    bounds = compiled.body_bounds
    respond = _responder(compiled)
    factory.register(use_case)

    async def endpoint(request: Request) -> Response:
        params = _params(request, compiled, binders, required)
        payload = await _payload(request, compiled, bounds, rules)
        instance = factory.build(use_case)
        return respond(await executor.execute(instance, params=params, payload=payload, read_only=compiled.read_only))

    endpoint.__name__ = use_case.__name__
    return endpoint


def _responder(compiled: CompiledRoute) -> Callable[[Any], Response]:
    status, encode = compiled.route.status_code, encoder_for(compiled.plan.returns)
    if status in _BODILESS:
        return lambda _: Response(status_code=status)
    return lambda result: Response(encode(result), status, media_type="application/json")


def _params(request: Request, compiled: CompiledRoute, binders: Binders, required: frozenset[str]) -> dict[str, Any]:
    found = request.path_params
    params = {name: binders[name]([str(found[name])]) for name in compiled.path_params if name in binders}
    check_path(params, compiled.keys)
    profile = read_profile(request.query_params, compiled)
    if compiled.takes_profile:
        params["profile"] = profile
    if compiled.query_spec:
        params[compiled.query_spec] = read_query(request.query_params.multi_items(), compiled, request.url.path)
    if compiled.query_params:
        params |= _from_query(request, compiled, binders, required)
    return params


def _from_query(
    request: Request, compiled: CompiledRoute, binders: Binders, required: frozenset[str]
) -> dict[str, Any]:
    sent: dict[str, list[str]] = {}
    for name, text in request.query_params.multi_items():
        sent.setdefault(snake(name), []).append(text)
    missing = [name for name in compiled.query_params if name in required and name not in sent]
    if missing:
        raise InvalidPayload([(name, "query parameter is required") for name in missing])
    return {name: binders[name](sent[name]) for name in compiled.query_params if name in sent}


async def _payload(
    request: Request, compiled: CompiledRoute, bounds: BodyBounds, rules: BodyRules
) -> dict[str, Any] | None:
    binding = compiled.plan.input_binding
    if binding is None:
        return None
    body = await read_body(request, rules)
    payload = decode_body(body, request.headers.get("content-type"), max_bytes=rules.max_bytes)
    refuse_unfitting(binding.command_type, payload, bounds, strict=rules.strict)
    return payload
