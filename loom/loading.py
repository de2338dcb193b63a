"""Importing the application a command means."""

import importlib
import sys
from typing import Any

from loom.core.errors import LoomError
from loom.core.target import Target


def load_application(target: Target) -> Any:
    """Import the app of `target` and return what loom compiled for it.

    Raises:
        LoomError: the attribute is missing, or is no application made by `create_app`.
    """
    sys.path.insert(0, str(target.import_dir))
    module = importlib.import_module(target.module)
    app = getattr(module, target.attribute, None)
    application = getattr(getattr(app, "state", None), "loom", None)
    if application is None:
        raise LoomError(f"{target} is not an application made by create_app", code="not_an_app")
    return application
