"""Compiled routes on FastAPI."""

from loom.rest.fastapi.app import bind_interfaces, create_fastapi_app
from loom.rest.fastapi.auto import create_app
from loom.rest.fastapi.response import MsgspecJSONResponse

__all__ = ["MsgspecJSONResponse", "bind_interfaces", "create_app", "create_fastapi_app"]
