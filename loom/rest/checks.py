"""What can be wrong with an interface, found before anything is served.

An error stops the application. What merely looks odd (a path parameter nobody reads, a route an earlier one hides) is a
`RouteWarning`: such applications run.
"""

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from loom.core.engine.plan import ParamBinding
from loom.core.engine.source import attribute_line, source_of
from loom.core.engine.typenames import type_name
from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.model import BaseModel, inspect_model
from loom.core.repository.abc.query import MAX_LIMIT
from loom.rest.decode import binds_text
from loom.rest.listing import unknown_fields
from loom.rest.route import PATH_PARAM, CompiledRoute, stored_model

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
CONVERTERS = ("str", "path", "int", "float", "uuid")
Found = tuple[str, str, str]
"""code, message, hint"""


class RouteWarning(UserWarning):
    """A route that works, but hardly as it was meant."""


def interface_problems(interface: type[Any]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the interface itself."""
    if not interface.prefix:
        yield problem(interface, ("no_prefix", "an interface needs a prefix", ""), "prefix")
    elif not interface.prefix.startswith("/"):
        hint = f"did you mean '/{interface.prefix}'?"
        yield problem(interface, ("bad_prefix", f"prefix {interface.prefix!r} must start with '/'", hint), "prefix")
    if not interface.routes:
        hint = "declare routes, or auto = True on RestInterface[Model]"
        yield problem(interface, ("no_routes", "an interface needs routes", hint), "routes")


def route_problems(compiled: CompiledRoute) -> Iterator[Found]:
    """Yield what is wrong with one route."""
    yield from _declaration(compiled)
    yield from _path(compiled)
    yield from _profiles(compiled)
    yield from _sources(compiled)
    yield from _lists(compiled)


def route_oddities(compiled: CompiledRoute) -> Iterator[Found]:
    """Yield what looks odd about one route."""
    names = list(compiled.execute_param_types)
    for name in compiled.path_params:
        if name not in names:
            text = f"path parameter {name!r} of {compiled.full_path} is read by nothing"
            yield "unread_path_param", text, did_you_mean(name, names)


def duplicates(routes: Iterable[CompiledRoute]) -> Iterator[Diagnostic]:
    """Yield a problem for each route whose method and path another one has."""
    seen: dict[tuple[str, str], CompiledRoute] = {}
    for compiled in routes:
        other = seen.setdefault((compiled.method, compiled.full_path), compiled)
        if other is not compiled:
            text = f"duplicate route {compiled.method} {compiled.full_path}"
            hint = f"{other.interface_name} declares it first, for {other.route.use_case.__name__}"
            yield problem(compiled.interface, ("duplicate_route", text, hint), "routes")


def hidden(routes: Iterable[CompiledRoute]) -> Iterator[Diagnostic]:
    """Yield an oddity for each route that an earlier one of the same shape keeps from ever being reached."""
    seen: dict[tuple[str, str], CompiledRoute] = {}
    for compiled in routes:
        other = seen.setdefault((compiled.method, compiled.shape), compiled)
        if other.full_path != compiled.full_path:
            text = f"{compiled.method} {compiled.full_path} is never reached: {other.full_path} matches first"
            yield problem(compiled.interface, ("hidden_route", text, f"declared by {other.interface_name}"), "routes")


def problem(interface: type[Any], found: Found, where: str) -> Diagnostic:
    """Return `found` as a diagnostic at the place in the interface it is about."""
    code, message, hint = found
    source = source_of(interface)
    return Diagnostic(
        code=code,
        message=message,
        file=source.file if source else "",
        line=attribute_line(interface, where.partition("[")[0]),
        where=f"{interface.__name__} > {where}",
        hint=hint,
    )


def warn(diagnostic: Diagnostic) -> None:
    """Say what looks odd, at the user's own line."""
    if diagnostic.file:
        warnings.warn_explicit(str(diagnostic), RouteWarning, diagnostic.file, diagnostic.line)
    else:
        warnings.warn(str(diagnostic), RouteWarning, stacklevel=2)


def _declaration(compiled: CompiledRoute) -> Iterator[Found]:
    if not compiled.method:
        yield "no_method", "a route needs a method", ""
    elif compiled.method not in METHODS:
        yield "bad_method", f"{compiled.method!r} is no HTTP method", did_you_mean(compiled.method, METHODS)
    path = compiled.route.path
    if path and not path.startswith("/"):
        yield "bad_path", f"path {path!r} must be empty or start with '/'", f"did you mean '/{path}'?"


def _path(compiled: CompiledRoute) -> Iterator[Found]:
    for name in sorted({n for n in compiled.path_params if compiled.path_params.count(n) > 1}):
        yield "repeated_path_param", f"path parameter {name!r} stands twice in {compiled.full_path}", ""
    for name, converter in PATH_PARAM.findall(compiled.full_path):
        if converter and converter not in CONVERTERS:
            text = f"path parameter {name!r} has an unknown converter {converter!r}"
            yield "bad_converter", text, did_you_mean(converter, CONVERTERS) or f"known: {', '.join(CONVERTERS)}"


def _profiles(compiled: CompiledRoute) -> Iterator[Found]:
    exposed = compiled.effective_allowed_profiles if compiled.effective_expose_profile else ()
    if compiled.effective_expose_profile and not exposed:
        yield "no_profiles", "profile exposure (expose_profile) needs allowed_profiles", ""
    model = stored_model(compiled.route.use_case)
    if model is None or not compiled.takes_profile:
        return
    known = _profiles_of(model)
    for name in dict.fromkeys((compiled.effective_profile_default, *exposed)):
        if known and name not in known:
            hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
            yield "unknown_profile", f"{model.__name__} has no profile {name!r}", hint


def _profiles_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the profiles of `model`; none where the model itself is broken, which its tables report."""
    try:
        return inspect_model(model).profiles
    except DiagnosticError:
        return ()


def _sources(compiled: CompiledRoute) -> Iterator[Found]:
    """A param that must be there needs a source: path, query string, profile or the list query."""
    for binding in compiled.plan.param_bindings:
        in_path = binding.name in compiled.path_params
        needed = in_path or (binding.required and binding.name in compiled.query_params)
        if needed and not binds_text(binding.annotation):
            yield _no_source(compiled, binding)


def _lists(compiled: CompiledRoute) -> Iterator[Found]:
    model, listing = stored_model(compiled.route.use_case), compiled.listing
    for name, hint in unknown_fields(model, listing):
        yield "unknown_list_field", f"{model.__name__ if model else ''} has no {name!r} to filter or sort by", hint
    if not 1 <= listing.max_limit <= MAX_LIMIT:
        yield "bad_max_limit", f"max_limit {listing.max_limit} is not in [1, {MAX_LIMIT}]", ""


def _no_source(compiled: CompiledRoute, binding: ParamBinding) -> Found:
    use_case = compiled.route.use_case.__name__
    text = f"{use_case}.execute needs {binding.name!r}, and a request has no source for {type_name(binding.annotation)}"
    return "no_source", text, "take it through Input(), or give it a default"
