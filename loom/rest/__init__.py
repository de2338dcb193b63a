"""REST: declared interfaces become compiled routes; a web framework only serves them."""

from loom.rest.adapter import HttpErrorMapper, LoomRestAdapter
from loom.rest.compiler import CompiledRoute, InterfaceCompilationError, RestInterfaceCompiler
from loom.rest.constants import PROFILE_DEFAULT, ErrorField, QueryParam
from loom.rest.middleware import TraceIdMiddleware
from loom.rest.model import PaginationMode, RestApiDefaults, RestInterface, RestRoute
from loom.rest.pydantic_adapter import PydanticAdapter

__all__ = [
    "PROFILE_DEFAULT",
    "CompiledRoute",
    "ErrorField",
    "HttpErrorMapper",
    "InterfaceCompilationError",
    "LoomRestAdapter",
    "PaginationMode",
    "PydanticAdapter",
    "QueryParam",
    "RestApiDefaults",
    "RestInterface",
    "RestInterfaceCompiler",
    "RestRoute",
    "TraceIdMiddleware",
]
