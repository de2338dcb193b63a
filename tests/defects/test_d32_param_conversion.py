"""D32: a param becomes the declared type by what the text says, not by calling the type on it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from loom.core.engine import ParameterBindingError, RuntimeExecutor, UseCaseCompiler
from loom.core.use_case import UseCase


class Sku:
    """A value class of an application's own."""

    def __init__(self, text: str) -> None:
        if not text.isalnum():
            raise ValueError(text)
        self.text = text


async def bound(annotation: Any, raw: Any) -> Any:
    class Take(UseCase[Any, Any]):
        async def execute(self, value: annotation) -> Any:
            return value

    return await RuntimeExecutor(UseCaseCompiler()).execute(Take(), params={"value": raw})


SAID: list[tuple[Any, Any, Any]] = [
    (bool, "false", False),
    (bool, "1", True),
    (int, "7", 7),
    (int, 7.0, 7),
    (float, 7, 7.0),
    (str, 7, "7"),
    (Decimal, "1.50", Decimal("1.50")),
    (UUID, "00000000-0000-0000-0000-000000000001", UUID(int=1)),
]


@pytest.mark.parametrize(("annotation", "raw", "expected"), SAID)
async def test_d32_a_value_is_read_as_the_declared_type(annotation: Any, raw: Any, expected: Any) -> None:
    """Texts mean what they say: "false" is False."""
    assert (expected, annotation) == (await bound(annotation, raw), type(await bound(annotation, raw)))


@pytest.mark.parametrize(("annotation", "raw"), [(list, "ab"), (int, "x"), (int, 7.5), (bool, "maybe"), (Sku, "a b")])
async def test_d32_a_value_that_is_no_such_type_is_refused(annotation: Any, raw: Any) -> None:
    """What cannot be read is a ParameterBindingError that names the param; a text never becomes a list of characters."""
    with pytest.raises(ParameterBindingError, match="invalid value for parameter 'value'"):
        await bound(annotation, raw)


async def test_d32_a_class_of_the_applications_own_is_called_with_the_value() -> None:
    """A class msgspec knows nothing about makes itself of the text."""
    made = await bound(Sku, "A1")

    assert (Sku, "A1") == (type(made), made.text)
