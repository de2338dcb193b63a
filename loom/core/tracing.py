"""The id that ties everything done for one request together. Context-local: tasks inherit it, siblings do not share it."""

import re
from contextvars import ContextVar, Token
from uuid import uuid4

_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_trace_id: ContextVar[str | None] = ContextVar("loom_trace_id", default=None)


def generate_trace_id() -> str:
    """Return a fresh id: 32 lower-case hex digits."""
    return uuid4().hex


def clean_trace_id(raw: str | None) -> str | None:
    """Return an id a client sent, stripped, or None where it is absent, blank or holds any unsafe character."""
    stripped = (raw or "").strip()
    return stripped if _SAFE.fullmatch(stripped) else None


def get_trace_id() -> str | None:
    """Return the current id; None outside a request."""
    return _trace_id.get()


def set_trace_id(trace_id: str) -> Token[str | None]:
    """Enter `trace_id`; hand the token to `reset_trace_id`."""
    return _trace_id.set(trace_id)


def reset_trace_id(token: Token[str | None]) -> None:
    """Return to the id before."""
    _trace_id.reset(token)
