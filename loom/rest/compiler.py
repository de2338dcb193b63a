"""Interfaces and plans become compiled routes. What can be wrong with them: `loom.rest.checks`."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar, get_args

from loom.core.engine import ExecutionPlan, UseCaseCompiler
from loom.core.errors import Diagnostic, DiagnosticError
from loom.core.repository.abc.query import QuerySpec
from loom.rest.autocrud import is_crud
from loom.rest.bounds import enforced_bounds, path_keys, stated_bounds
from loom.rest.checks import duplicates, hidden, interface_problems, problem, route_oddities, route_problems, warn
from loom.rest.listing import Listing, listing_of
from loom.rest.model import RestApiDefaults, RestRoute
from loom.rest.route import PATH_PARAM, CompiledRoute, stored_model

__all__ = ["CompiledRoute", "InterfaceCompilationError", "RestInterfaceCompiler"]

T = TypeVar("T")


class InterfaceCompilationError(DiagnosticError):
    """Everything wrong with one or more interfaces."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics, code="interface_error")


class RestInterfaceCompiler:
    """Compiles interfaces over plans that are compiled already.

    Args:
        use_case_compiler: has the plans.
        defaults: what routes and interfaces leave open.
        metrics: accepted; nothing is measured while compiling.
    """

    def __init__(
        self, use_case_compiler: UseCaseCompiler, defaults: RestApiDefaults | None = None, metrics: Any = None
    ) -> None:
        del metrics
        self._plans = use_case_compiler
        self._defaults = defaults or RestApiDefaults()
        self._compiled: dict[type[Any], list[CompiledRoute]] = {}

    def compile(self, interface: type[Any]) -> list[CompiledRoute]:
        """Return the routes of `interface`, in declaration order; the same list every time.

        Warns:
            RouteWarning: for each path parameter nobody reads.

        Raises:
            InterfaceCompilationError: with everything wrong with it.
        """
        if interface not in self._compiled:
            routes, problems = self._draft(interface, ())
            if problems:
                raise InterfaceCompilationError(problems)
            for index, compiled in enumerate(routes):
                for found in route_oddities(compiled):
                    warn(problem(interface, found, f"routes[{index}]"))
            self._compiled[interface] = routes
        return self._compiled[interface]

    def compile_all(self, interfaces: Iterable[type[Any]]) -> list[CompiledRoute]:
        """Return the routes of all `interfaces`, in the order they match.

        Warns:
            RouteWarning: for each path parameter nobody reads, and each route an earlier one hides.

        Raises:
            InterfaceCompilationError: with everything wrong with any of them.
        """
        wanted = list(interfaces)
        problems = self.problems(wanted)
        if problems:
            raise InterfaceCompilationError(problems)
        routes = [route for interface in wanted for route in self.compile(interface)]
        for oddity in hidden(routes):
            warn(oddity)
        return routes

    def problems(self, interfaces: Iterable[type[Any]], *, known: Collection[type[Any]] = ()) -> list[Diagnostic]:
        """Return everything wrong with `interfaces`. Routes to the use cases `known` to be broken are passed over."""
        problems: list[Diagnostic] = []
        routes: list[CompiledRoute] = []
        for interface in interfaces:
            found, wrong = self._draft(interface, known)
            routes += found
            problems += wrong
        across = duplicates(routes)
        return problems + [each for each in across if each not in problems]

    def _draft(
        self, interface: type[Any], known: Collection[type[Any]]
    ) -> tuple[list[CompiledRoute], list[Diagnostic]]:
        problems = list(interface_problems(interface))
        routes: list[CompiledRoute] = []
        for index, route in enumerate(interface.routes):
            plan = self._plans.get_plan(route.use_case)
            where = f"routes[{index}]"
            if plan is not None:
                routes.append(self._route(interface, route, plan))
                problems += [problem(interface, found, where) for found in route_problems(routes[-1])]
            elif route.use_case not in known:
                text = f"{route.use_case.__name__} has not been compiled"
                problems.append(problem(interface, ("uncompiled_use_case", text, ""), where))
        return routes, problems + list(duplicates(routes))

    def _route(self, interface: type[Any], route: RestRoute, plan: ExecutionPlan) -> CompiledRoute:
        full_path = interface.prefix.rstrip("/") + route.path or interface.prefix
        types = {p.name: p.annotation for p in plan.param_bindings}
        path_params = tuple(name for name, _ in PATH_PARAM.findall(full_path))
        spec = next((name for name, t in types.items() if QuerySpec in (t, *get_args(t))), "")
        defaults, model = self._defaults, stored_model(route.use_case)
        stated = stated_bounds(plan, model)
        compiled = CompiledRoute(
            interface=interface,
            interface_name=interface.__name__,
            route=route,
            full_path=full_path,
            plan=plan,
            effective_pagination_mode=route.pagination_mode or interface.pagination_mode or defaults.pagination_mode,
            effective_profile_default=route.profile_default or interface.profile_default or defaults.profile_default,
            effective_allowed_profiles=tuple(
                route.allowed_profiles or interface.allowed_profiles or defaults.allowed_profiles
            ),
            effective_expose_profile=bool(route.expose_profile or interface.expose_profile),
            effective_allow_pagination_override=_given(
                (route.allow_pagination_override, interface.allow_pagination_override),
                defaults.allow_pagination_override,
            ),
            read_only=route.method.upper() == "GET",
            interface_tags=tuple(interface.tags),
            execute_param_types=types,
            path_params=path_params,
            query_params=tuple(_from_query(types, {*path_params, spec, "profile"})),
            query_spec=spec,
            keys=path_keys(plan, path_params, model),
            stated_bounds=stated,
            body_bounds=enforced_bounds(stated, is_crud=is_crud(route.use_case)),
        )
        return replace(compiled, listing=self._listing(interface, compiled)) if spec else compiled

    def _listing(self, interface: type[Any], compiled: CompiledRoute) -> Listing:
        route = compiled.route
        exposed = compiled.effective_allowed_profiles if compiled.effective_expose_profile else ()
        return listing_of(
            stored_model(route.use_case),
            compiled.returns,
            (compiled.effective_profile_default, *exposed),
            filterable=_given((route.filterable, interface.filterable), None),
            sortable=_given((route.sortable, interface.sortable), None),
            max_limit=_given((route.max_limit, interface.max_limit), self._defaults.max_limit),
        )


def _from_query(types: dict[str, Any], elsewhere: set[str]) -> Iterator[str]:
    return (name for name in types if name not in elsewhere)


def _given(values: tuple[T | None, ...], default: T) -> T:
    return next((value for value in values if value is not None), default)
