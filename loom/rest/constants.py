"""The words of the wire: reserved query parameters and the keys of an error's `detail`."""

from enum import StrEnum

PROFILE_DEFAULT = "default"
"""The profile of a request that names none."""


class QueryParam(StrEnum):
    """Query parameters a list route keeps for itself; every other one is a filter."""

    PAGE = "page"
    LIMIT = "limit"
    PAGINATION = "pagination"
    AFTER = "after"
    CURSOR = "cursor"
    SORT = "sort"
    DIRECTION = "direction"
    PROFILE = "profile"


class ErrorField(StrEnum):
    """Keys of an error's `detail`."""

    CODE = "code"
    MESSAGE = "message"
    TRACE_ID = "trace_id"
    ENTITY = "entity"
    ID = "id"
    VIOLATIONS = "violations"
    FIELD = "field"
