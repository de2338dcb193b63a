"""Puts the recorder on an application the child has loaded. Where to send is in the environment; unset: nothing happens."""

import atexit
import logging
import os
from pathlib import Path
from typing import Any

from loom.core.repository.sqlalchemy import SessionManager
from studio.recorder.finish import Finisher
from studio.recorder.http import RecordingApp
from studio.recorder.logs import listen
from studio.recorder.recorder import Recorder
from studio.recorder.redact import extra_words, secrets_of
from studio.recorder.send import Sender
from studio.recorder.sql import SqlListener
from studio.trace import DEPTH, SOCKET

_log = logging.getLogger("loom.studio")


def record(app: Any, root: Path) -> Any:
    """Return `app` recorded: an ASGI application to serve in its place. The same one where nothing is, or can be, recorded."""
    try:
        return _recorded(app, root)
    except Exception:
        _log.exception("this app is served without a recorder")
        return app


def _recorded(app: Any, root: Path) -> Any:
    path, depth = os.environ.get(SOCKET, ""), os.environ.get(DEPTH, "full")
    known = getattr(getattr(app, "state", None), "loom", None)
    if not path or depth == "off" or known is None:
        return app
    header = getattr(app, "trace_header", None) or "x-request-id"
    finisher = Finisher(root, secrets_of(os.environ, known.database_url), extra_words(), header)
    sender = Sender(path, finisher.finish, known.plans)
    recorder = Recorder(sender.put, full=depth != "outline")
    watch(known, recorder, root)
    sender.start()
    atexit.register(sender.close)
    return RecordingApp(app, recorder)


def watch(known: Any, recorder: Recorder, root: Path) -> None:
    """Let `recorder` watch the runs, the SQL and the logs of a compiled application."""
    known.kernel.executor.watch(recorder)
    container = known.kernel.container
    if container.is_registered(SessionManager):
        SqlListener(container.resolve(SessionManager).engine.sync_engine, f"{root}/")
    listen()
