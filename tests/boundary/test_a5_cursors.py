"""A5. A cursor is good for the walk it came from and nothing else."""

import base64
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loom.core.errors import InvalidQuery
from loom.core.repository.abc.cursor import SortKey, decode_cursor, encode_cursor

KEYS = (
    SortKey(field="name", descending=False, python_type=str),
    SortKey(field="id", descending=False, python_type=int),
)
SECRET, SCOPE = b"s" * 32, "walk"
TOKEN = encode_cursor(["Ada", 7], SCOPE, SECRET)
WALK = "pagination=cursor&limit=1&sort=name"


@pytest.fixture
async def token(client: httpx.AsyncClient) -> str:
    """The cursor behind the first of three members."""
    for name in ("Ada", "Bob", "Cid"):
        await client.post("/members/", json={"name": name})
    found: str = (await client.get(f"/members/?{WALK}")).json()["next_cursor"]
    return found


async def test_cursor_is_good_where_it_came_from(client: httpx.AsyncClient, token: str) -> None:
    """The same query with its cursor gives the next row."""
    page = (await client.get(f"/members/?{WALK}&after={token}")).json()

    assert ["Bob"] == [item["name"] for item in page["items"]]


@pytest.mark.parametrize(
    "query",
    [
        "/members/?pagination=cursor&limit=1&sort=age",
        "/members/?pagination=cursor&limit=1&sort=name&direction=DESC",
        "/members/?pagination=cursor&limit=1",
        "/members/?pagination=cursor&limit=1&sort=name&age=0",
        "/members/?pagination=cursor&limit=1&sort=name&or=(age=0)",
        "/cards/?pagination=cursor&limit=1&sort=name",
        "/loans/?pagination=cursor&limit=1&sort=title",
    ],
    ids=["another sort", "another direction", "no sort", "a filter", "a group", "another route", "another table"],
)
async def test_cursor_of_another_walk_is_refused(client: httpx.AsyncClient, token: str, query: str) -> None:
    """A cursor carried to another sort, filter, route or table is a 400."""
    answer = await client.get(f"{query}&after={token}")

    assert (400, str) == (answer.status_code, type(answer.json()["detail"]))


async def test_cursor_is_bound_to_its_path(client: httpx.AsyncClient, token: str) -> None:
    """Two routes that run the very same query do not take each other's cursors."""
    given_out = (await client.get(f"/cards/?{WALK}")).json()["next_cursor"]

    statuses = [
        (await client.get(f"{path}?{WALK}&after={given_out}")).status_code for path in ("/cards/", "/cards/again")
    ]

    assert [200, 400] == statuses


async def test_cursor_of_another_version_is_refused(client: httpx.AsyncClient, token: str) -> None:
    """A token made before the format changed is a 400, even signed."""
    version, *rest = msgspec.json.decode(base64.urlsafe_b64decode(TOKEN.split(".")[0] + "=="))
    body = msgspec.json.encode([version + 1, *rest])
    import hmac

    forged = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (body, hmac.digest(SECRET, body, "sha256")[:12])
    )

    with pytest.raises(InvalidQuery):
        decode_cursor(forged, KEYS, SCOPE, SECRET)


@pytest.mark.parametrize("text", ["x", ".", "..", "a.b", "%00", "\u00e9", "a" * 600, "null", "[]", "{}", "-1", "YQ.YQ"])
async def test_malformed_cursor_is_refused(client: httpx.AsyncClient, text: str) -> None:
    """What is no token is a 400."""
    answers = [await client.get("/members/", params={name: text, "sort": "name"}) for name in ("after", "cursor")]

    assert [400, 400] == [answer.status_code for answer in answers]


@settings(max_examples=1_000, deadline=None, derandomize=True, database=None)
@given(place=st.integers(0, len(TOKEN) - 1), text=st.text(max_size=3), cut=st.integers(0, 3))
def test_changed_cursor_is_never_read(place: int, text: str, cut: int) -> None:
    """A token changed anywhere is refused, or still means exactly what it meant; nothing else is raised."""
    changed = TOKEN[:place] + text + TOKEN[place + cut :]
    try:
        values: Any = decode_cursor(changed, KEYS, SCOPE, SECRET)
    except InvalidQuery:
        values = ["Ada", 7]

    assert ["Ada", 7] == values


@settings(max_examples=1_000, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.text(max_size=600), st.binary(max_size=400).map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_invented_cursor_is_never_read(text: str) -> None:
    """Whatever a client makes up is refused, and nothing else is raised."""
    with pytest.raises(InvalidQuery):
        decode_cursor(text, KEYS, SCOPE, SECRET)


@pytest.mark.slow
@settings(max_examples=50_000, deadline=None, derandomize=True, database=None)
@given(place=st.integers(0, len(TOKEN) - 1), text=st.text(max_size=3), cut=st.integers(0, 3))
def test_cursor_changed_fifty_thousand_ways_is_never_read(place: int, text: str, cut: int) -> None:
    """As above, over the whole neighbourhood of a token."""
    test_changed_cursor_is_never_read.hypothesis.inner_test(place, text, cut)


def test_control_without_the_secret_there_would_be_no_guard() -> None:
    """Whoever knows the secret can move a cursor: the signature, and nothing else, is what refuses a forged one."""
    forged = encode_cursor(["Zoe", 1], SCOPE, SECRET)

    assert ["Zoe", 1] == decode_cursor(forged, KEYS, SCOPE, SECRET)
    with pytest.raises(InvalidQuery):
        decode_cursor(forged, KEYS, SCOPE, b"t" * 32)


async def test_token_fits_a_url(client: httpx.AsyncClient) -> None:
    """A token is at most 512 characters; a sort whose values would not fit is refused instead of cut."""
    assert len(TOKEN) <= 512
    with pytest.raises(InvalidQuery):
        encode_cursor(["x" * 600, 1], SCOPE, SECRET)
