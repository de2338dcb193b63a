"""Names under which use cases can be called: `order:create`, `demo.echo`."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

UseCaseT = TypeVar("UseCaseT", bound=type[Any])

KEY_SEPARATOR = ":"
_KEY = re.compile(r"[a-z0-9_.:-]+")
_ATTRIBUTE = "__use_case_key__"


class CrudOp(StrEnum):
    """The five operations of auto-CRUD."""

    CREATE = "create"
    GET = "get"
    LIST = "list"
    UPDATE = "update"
    DELETE = "delete"


def use_case_key(key: str) -> Callable[[UseCaseT], UseCaseT]:
    """Decorate a class with the key it answers to."""

    def mark(cls: UseCaseT) -> UseCaseT:
        set_use_case_key(cls, key)
        return cls

    return mark


def set_use_case_key(cls: type[Any], key: str) -> None:
    """Give `cls` a key.

    Raises:
        ValueError: the key is empty or has characters outside `a-z 0-9 _ . : -`.
    """
    stripped = key.strip()
    if not _KEY.fullmatch(stripped):
        raise ValueError(f"invalid use-case key {key!r}: use a-z, 0-9 and _ . : -")
    setattr(cls, _ATTRIBUTE, stripped)


def get_use_case_key(cls: type[Any]) -> str | None:
    """Return the key of exactly this class (keys are not inherited)."""
    key: str | None = vars(cls).get(_ATTRIBUTE)
    return key


def model_entity_key(model: type[Any]) -> str:
    """Return the entity part of a model's keys: `ProductReview` -> `product_review`."""
    name = model.__name__
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
