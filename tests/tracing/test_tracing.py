"""Trace ids and who shares them."""

import asyncio

import pytest

from loom.core.tracing import clean_trace_id, generate_trace_id, get_trace_id, reset_trace_id, set_trace_id


@pytest.mark.parametrize("raw", ["a", "A-1.b_c:d", "x" * 128])
def test_a_safe_id_is_taken_as_it_is(raw: str) -> None:
    """Letters, digits and `._:-` up to 128 characters pass."""
    assert raw == clean_trace_id(raw)


@pytest.mark.parametrize(
    "raw", [None, "", "  ", "x" * 129, "*/ drop", "a b", "a\nb", "é", "a;b", "a'b", "\u0661", "a\x00", "\uff41"]
)
def test_an_unsafe_id_is_refused(raw: str | None) -> None:
    """Anything else is no id at all."""
    assert clean_trace_id(raw) is None


def test_a_fresh_id_is_32_hex_digits() -> None:
    """Fresh ids are lower-case hex and differ."""
    first, second = generate_trace_id(), generate_trace_id()

    assert (32, True, True) == (len(first), set(first) <= set("0123456789abcdef"), first != second)


def test_resetting_returns_to_the_id_before() -> None:
    """Ids nest."""
    outer = set_trace_id("outer")
    inner = set_trace_id("inner")
    reset_trace_id(inner)
    after = get_trace_id()
    reset_trace_id(outer)

    assert ("outer", None) == (after, get_trace_id())


async def test_tasks_inherit_and_do_not_share() -> None:
    """A child task sees its parent's id; what it sets stays its own."""

    async def child(own: str) -> tuple[str | None, str | None]:
        inherited = get_trace_id()
        set_trace_id(own)
        await asyncio.sleep(0)
        return inherited, get_trace_id()

    token = set_trace_id("parent")
    seen = await asyncio.gather(child("a"), child("b"))
    mine = get_trace_id()
    reset_trace_id(token)

    assert ([("parent", "a"), ("parent", "b")], "parent") == (seen, mine)
