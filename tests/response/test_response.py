"""The base of response bodies."""

import msgspec
import pytest

from loom.core.response import Response


class Receipt(Response):
    """A response."""

    total_price: int
    is_paid: bool = False


def test_a_response_is_camel_case_and_complete() -> None:
    """Names are camelCase in JSON, defaults are emitted."""
    assert b'{"totalPrice":0,"isPaid":false}' == msgspec.json.encode(Receipt(total_price=0))


def test_a_response_is_frozen() -> None:
    """It cannot be changed."""
    with pytest.raises(AttributeError):
        Receipt(total_price=1).total_price = 2  # type: ignore[misc]  # that it fails is the point


class Strict(Response, frozen=True, rename="camel"):
    """Class keywords may be repeated."""

    unit_price: int


def test_class_keywords_may_be_repeated() -> None:
    """`frozen=True, rename="camel"` on a subclass changes nothing."""
    assert b'{"unitPrice":1}' == msgspec.json.encode(Strict(unit_price=1))
