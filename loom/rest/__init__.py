"""REST: declared interfaces become compiled routes; a web framework only serves them."""

from loom.rest.compiler import CompiledRoute, InterfaceCompilationError, RestInterfaceCompiler
from loom.rest.middleware import TraceIdMiddleware
from loom.rest.model import PaginationMode, RestApiDefaults, RestInterface, RestRoute

__all__ = [
    "CompiledRoute",
    "InterfaceCompilationError",
    "PaginationMode",
    "RestApiDefaults",
    "RestInterface",
    "RestInterfaceCompiler",
    "RestRoute",
    "TraceIdMiddleware",
]
