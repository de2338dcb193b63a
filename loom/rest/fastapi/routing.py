"""Compiled routes among an application's others, and what is answered to a method a path does not have."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from loom.rest.route import CompiledRoute


def serve(compiled: Sequence[CompiledRoute], endpoint_of: Callable[[CompiledRoute], Any]) -> list[BaseRoute]:
    """Return the routes of an application, in the order they match."""
    methods: dict[str, list[str]] = {}
    for each in compiled:
        methods.setdefault(each.shape, []).append(each.method)
    last = {each.full_path: each for each in compiled if not each.path_params}
    return [
        CompiledStarletteRoute(
            each.full_path,
            endpoint_of(each),
            method=each.method,
            allowed=methods[each.shape],
            is_last=last.get(each.full_path) is each,
        )
        for each in compiled
    ]


class CompiledStarletteRoute(Route):
    """A route of one method.

    Args:
        allowed: methods of all routes that match the same paths, for the Allow header of a 405.
        is_last: no other route has this literal path; a method nobody has is a 405 here, and not what a later route
            with a parameter in its place makes of it.
    """

    def __init__(self, path: str, endpoint: Any, *, method: str, allowed: Sequence[str], is_last: bool) -> None:
        super().__init__(path, endpoint, methods=[method], include_in_schema=False)
        self._method = method
        self.methods = {method}  # Starlette answers HEAD wherever it answers GET
        self._allowed = ", ".join(dict.fromkeys(allowed))
        self._is_last = is_last

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether this route takes the request."""
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL and self._is_last else match), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the endpoint, or refuse the method and name those there are."""
        if scope["method"] != self._method:
            raise HTTPException(405, headers={"Allow": self._allowed})
        await self.app(scope, receive, send)
