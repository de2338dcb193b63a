"""Failures whose mend is known: the name that was meant, the extra that is missing, the table that was never made.

A `Fix` is data. Nothing is changed here; the terminal prints it and the studio may offer it as a button.
"""

import difflib
import re
import sys
from collections.abc import Iterable
from types import TracebackType

from studio.events import Fix

EXTRAS = {
    "asyncpg": "postgres",
    "celery": "celery",
    "redis": "celery",
    "aiocache": "cache",
    "prometheus_client": "prometheus",
}
"""Modules that an extra of loom brings."""

_NO_TABLE = re.compile(r'no such table: (\w+)|relation "(\w+)" does not exist')
_NO_EXPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def fix_for(error: BaseException, siblings: Iterable[str], file: str, line: int) -> Fix | None:
    """Return how to mend `error`, None where nothing is certain.

    Args:
        siblings: names of the project's own modules.
        file, line: where the user's own code raised.
    """
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        if top in EXTRAS:
            command = f"{sys.executable} -m pip install 'loom-studio[{EXTRAS[top]}]'"
            return Fix(kind="install", label=f"Install the extra {EXTRAS[top]}", command=command)
        return _rename(error.name.rpartition(".")[2], siblings, file, line)
    if found := _NO_TABLE.search(str(error)):
        table = found[1] or found[2]
        return Fix(kind="create_table", label=f"Create the table {table}", new=table)
    old, known = _misspelt(error)
    return _rename(old, known, file, line) if old else None


def _misspelt(error: BaseException) -> tuple[str, Iterable[str]]:
    """Return the name that was not found, and the names there are where it was looked for."""
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        return error.name, dir(error.obj)
    if isinstance(error, NameError) and error.name:
        return error.name, _names_in_sight(error.__traceback__)
    if isinstance(error, ImportError) and (found := _NO_EXPORT.search(str(error))):
        return found[1], dir(sys.modules.get(found[2], None))
    return "", ()


def _names_in_sight(traceback: TracebackType | None) -> set[str]:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return set()
    frame = traceback.tb_frame
    return {*frame.f_locals, *frame.f_globals, *frame.f_builtins}


def _rename(old: str, known: Iterable[str], file: str, line: int) -> Fix | None:
    close = difflib.get_close_matches(old, [name for name in known if name != old], n=1, cutoff=0.6)
    if not (close and file):
        return None
    return Fix(kind="replace", label=f"Write {close[0]} instead of {old}", file=file, line=line, old=old, new=close[0])
