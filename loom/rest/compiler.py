"""Interfaces and plans become compiled routes: plain facts a web framework can serve and OpenAPI can describe."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

from loom.core.engine import ExecutionPlan, UseCaseCompiler
from loom.core.engine.source import attribute_line, source_of
from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.repository.abc.query import PaginationMode, QuerySpec
from loom.rest.model import RestApiDefaults, RestRoute

PATH_PARAM = re.compile(r"{(\w+)(?::\w+)?}")
_UNTYPED_SOURCES = {"profile"}


class InterfaceCompilationError(DiagnosticError):
    """Everything wrong with one or more interfaces."""

    def __init__(self, diagnostics: Any) -> None:
        super().__init__(diagnostics, code="interface_error")


@dataclass(frozen=True)
class CompiledRoute:
    """One route with nothing left open.

    Attributes:
        full_path: prefix and path.
        read_only: GET; runs without a unit of work.
        execute_param_types: type of each `execute` param, by name.
        path_params: names in the full path, in order.
        query_params: `execute` params bound from the query string.
        query_spec: name of the param that takes the whole list query, or "".
    """

    interface_name: str
    route: RestRoute
    full_path: str
    plan: ExecutionPlan
    effective_pagination_mode: PaginationMode
    effective_profile_default: str
    effective_allowed_profiles: tuple[str, ...]
    effective_expose_profile: bool
    effective_allow_pagination_override: bool
    read_only: bool
    interface_tags: tuple[str, ...]
    execute_param_types: dict[str, Any] = field(default_factory=dict)
    path_params: tuple[str, ...] = ()
    query_params: tuple[str, ...] = ()
    query_spec: str = ""

    @property
    def takes_profile(self) -> bool:
        """Whether `execute` has a param named profile."""
        return "profile" in self.execute_param_types


class RestInterfaceCompiler:
    """Compiles interfaces over plans that are compiled already."""

    def __init__(self, use_case_compiler: UseCaseCompiler, defaults: RestApiDefaults | None = None) -> None:
        self._plans = use_case_compiler
        self._defaults = defaults or RestApiDefaults()
        self._compiled: dict[type[Any], list[CompiledRoute]] = {}

    def compile(self, interface: type[Any]) -> list[CompiledRoute]:
        """Return the routes of `interface`, in declaration order; the same list every time.

        Raises:
            InterfaceCompilationError: with everything wrong with it.
        """
        if interface not in self._compiled:
            routes, problems = self._draft(interface)
            if problems:
                raise InterfaceCompilationError(problems)
            self._compiled[interface] = routes
        return self._compiled[interface]

    def compile_all(self, interfaces: Any) -> tuple[list[CompiledRoute], list[Diagnostic]]:
        """Return the routes of every sound interface, and every problem of the others."""
        routes: list[CompiledRoute] = []
        problems: list[Diagnostic] = []
        for interface in interfaces:
            try:
                routes.extend(self.compile(interface))
            except InterfaceCompilationError as error:
                problems.extend(error.diagnostics)
        problems.extend(_duplicates(routes))
        return routes, problems

    def _draft(self, interface: type[Any]) -> tuple[list[CompiledRoute], list[Diagnostic]]:
        problems = list(_shape_problems(interface))
        routes: list[CompiledRoute] = []
        for index, route in enumerate(interface.routes):
            plan = self._plans.get_plan(route.use_case)
            if plan is None:
                text = f"{route.use_case.__name__} has not been compiled"
                problems.append(_problem(interface, "uncompiled_use_case", text, f"routes[{index}]"))
                continue
            compiled = self._route(interface, route, plan)
            routes.append(compiled)
            problems += [_problem(interface, *found, f"routes[{index}]") for found in _route_problems(compiled)]
        return routes, problems + list(_duplicates(routes))

    def _route(self, interface: type[Any], route: RestRoute, plan: ExecutionPlan) -> CompiledRoute:
        full_path = interface.prefix.rstrip("/") + route.path or interface.prefix
        types = {p.name: p.annotation for p in plan.param_bindings}
        path_params = tuple(PATH_PARAM.findall(full_path))
        spec = next((name for name, t in types.items() if QuerySpec in (t, *get_args(t))), "")
        override = _first(route.allow_pagination_override, interface.allow_pagination_override)
        return CompiledRoute(
            interface_name=interface.__name__,
            route=route,
            full_path=full_path,
            plan=plan,
            effective_pagination_mode=route.pagination_mode
            or interface.pagination_mode
            or self._defaults.pagination_mode,
            effective_profile_default=route.profile_default
            or interface.profile_default
            or self._defaults.profile_default,
            effective_allowed_profiles=tuple(
                route.allowed_profiles or interface.allowed_profiles or self._defaults.allowed_profiles
            ),
            effective_expose_profile=bool(route.expose_profile or interface.expose_profile),
            effective_allow_pagination_override=_first(override, self._defaults.allow_pagination_override),
            read_only=route.method.upper() == "GET",
            interface_tags=tuple(interface.tags),
            execute_param_types=types,
            path_params=path_params,
            query_params=tuple(n for n in types if n not in path_params and n != spec and n not in _UNTYPED_SOURCES),
            query_spec=spec,
        )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _shape_problems(interface: type[Any]) -> Iterator[Diagnostic]:
    if not interface.prefix:
        yield _problem(interface, "no_prefix", "an interface needs a prefix", "prefix")
    if not interface.routes:
        yield _problem(interface, "no_routes", "an interface needs routes, or auto = True with a model", "routes")


def _route_problems(compiled: CompiledRoute) -> Iterator[tuple[str, str]]:
    if not compiled.route.method:
        yield "no_method", "a route needs a method"
    if compiled.effective_expose_profile and not compiled.effective_allowed_profiles:
        yield "no_profiles", "profile exposure (expose_profile) needs allowed_profiles"
    names = [p.name for p in compiled.plan.param_bindings]
    for name in compiled.path_params:
        if name not in names:
            hint = did_you_mean(name, names)
            use_case = compiled.route.use_case.__name__
            yield "unread_path_param", f"path parameter {name!r} is no parameter of {use_case}.execute. {hint}".strip()


def _duplicates(routes: list[CompiledRoute]) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], CompiledRoute] = {}
    for compiled in routes:
        key = (compiled.route.method.upper(), PATH_PARAM.sub("{}", compiled.full_path))
        other = seen.setdefault(key, compiled)
        if other is not compiled and other.full_path == compiled.full_path:
            text = f"duplicate route {key[0]} {compiled.full_path}"
            yield Diagnostic(code="duplicate_route", message=text, where=compiled.interface_name)


def _problem(interface: type[Any], code: str, message: str, where: str) -> Diagnostic:
    source = source_of(interface)
    return Diagnostic(
        code=code,
        message=message,
        file=source.file if source else "",
        line=attribute_line(interface, where.partition("[")[0]),
        where=f"{interface.__name__} > {where}",
    )
