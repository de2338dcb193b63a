"""Serving an application for production: uvicorn workers on one port, no watcher, nothing of the studio.

Workers are processes of their own and find the application by name, so what to serve travels in the environment.
"""

import importlib
import os
import sys
from typing import Any

import msgspec
import uvicorn

from loom.core.errors import LoomError
from loom.core.target import Target

TARGET = "LOOM_RUN_TARGET"
"""Name of the variable that carries the target to the workers, as JSON."""


def serve(target: Target, *, host: str, port: int, workers: int, access_log: bool) -> None:
    """Serve until told to stop.

    Args:
        workers: how many processes; 1 serves in this one.
        access_log: one line per request.
    """
    os.chdir(target.root)
    os.environ[TARGET] = msgspec.json.encode(msgspec.to_builtins(target, enc_hook=str)).decode()
    uvicorn.run("loom.serve:application", factory=True, host=host, port=port, workers=workers, access_log=access_log)


def application() -> Any:
    """Import and return the application that `serve` was asked for.

    Raises:
        LoomError: the module has no such attribute.
    """
    target = msgspec.json.decode(os.environ[TARGET], type=Target, dec_hook=lambda kind, value: kind(value))
    leave_out_the_studio(target)
    sys.path.insert(0, str(target.import_dir))
    app = getattr(importlib.import_module(target.module), target.attribute, None)
    if app is None:
        raise LoomError(f"module {target.module!r} has no attribute {target.attribute!r}", code="not_an_app")
    return app


def leave_out_the_studio(target: Target) -> None:
    """Make `import studio` fail in this process, installed or not; a package of the application of that name is let be."""
    own = target.import_dir / "studio"
    if not (own.is_dir() or own.with_suffix(".py").is_file()):
        sys.modules["studio"] = None  # type: ignore[assignment]  # how the import system spells "not here"
