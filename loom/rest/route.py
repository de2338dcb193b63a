"""What a compiled route is: plain facts a web framework can serve and OpenAPI can describe."""

import re
from dataclasses import dataclass, field
from typing import Any

from loom.core.engine import ExecutionPlan
from loom.core.model import BaseModel
from loom.core.repository.abc.query import PaginationMode
from loom.core.use_case.use_case import main_model, result_type
from loom.rest.bounds import BodyBounds, Key
from loom.rest.listing import Listing
from loom.rest.model import RestRoute

PATH_PARAM = re.compile(r"{(\w+)(?::(\w+))?}")


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
        listing: what a list query may ask for.
        interface: the class that declares it.
        keys: path params that can only name a row within bounds.
        stated_bounds, body_bounds: what body fields must stay within to be stored, and what a body is held to at once.
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
    listing: Listing = field(default_factory=Listing)
    interface: type[Any] = object
    keys: dict[str, Key] = field(default_factory=dict)
    stated_bounds: BodyBounds = field(default_factory=dict)
    body_bounds: BodyBounds = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The HTTP method, upper-case."""
        return self.route.method.upper()

    @property
    def returns(self) -> Any:
        """What is answered: as `execute` has it, else as the use case's second argument has it."""
        declared = self.plan.returns
        return result_type(self.route.use_case) if declared is Any else declared

    @property
    def takes_profile(self) -> bool:
        """Whether `execute` has a param named profile that the path does not fill."""
        return "profile" in self.execute_param_types and "profile" not in self.path_params

    @property
    def shape(self) -> str:
        """The path without the names of its parameters: two routes of one shape match the same requests."""
        return PATH_PARAM.sub(lambda found: f"{{:{found[2] or 'str'}}}", self.full_path)


def stored_model(use_case: type[Any]) -> type[BaseModel] | None:
    """Return the main model of `use_case` where it is one with columns."""
    model = main_model(use_case)
    return model if model is not None and issubclass(model, BaseModel) else None
