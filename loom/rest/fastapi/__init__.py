"""Compiled routes on FastAPI."""

from loom.rest.fastapi.app import create_fastapi_app
from loom.rest.fastapi.auto import create_app
from loom.rest.fastapi.response import MsgspecJSONResponse

__all__ = ["MsgspecJSONResponse", "create_app", "create_fastapi_app"]
