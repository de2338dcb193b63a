"""What travels between the API and a worker: plain values, and the dates, decimals and UUIDs that Celery's JSON knows."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

_KNOWN = (datetime, date, time, Decimal, UUID)


def to_message(value: Any) -> Any:
    """Return `value` with structs, enums and sets as plain values.

    Raises:
        TypeError: something in it has no such form.
    """
    return msgspec.to_builtins(value, builtin_types=_KNOWN, str_keys=True)


def result_to_message(value: Any) -> Any:
    """Return a job's result as `to_message` does; what has no such form as its `repr`, for the job has run already."""
    return msgspec.to_builtins(value, builtin_types=_KNOWN, str_keys=True, enc_hook=repr)
