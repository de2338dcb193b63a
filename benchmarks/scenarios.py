"""What is asked of every application."""

from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.dataset import RECORDS

_NEW = {"ownerId": 7, "title": "A new record", "unitPrice": 12.5, "quantity": 3, "amount": 37.5}
_ORDER = {"email": " Buyer@Example.org ", "country": " de", "unitPrice": 19.99, "quantity": 12}
_IDS = 2000


class Scenario(Struct, frozen=True, kw_only=True):
    """One kind of request.

    Attributes:
        name: in results.
        title: in tables.
        path: with `{id}` where a record is meant, and `{after}` where the cursor of the first page goes.
        method, body, status: the rest of the request, and the answer it must get.
        inserts, updates: what it does to the tables.
        only_full: left out of the short run.
        short_on: databases of the short run.
        at_least: the least ratio to the hand-written application on PostgreSQL that the project wants to keep.
    """

    name: str
    title: str
    path: str
    method: str = "GET"
    body: Any = None
    status: int = 200
    inserts: bool = False
    updates: bool = False
    only_full: bool = False
    short_on: tuple[str, ...] = ("postgresql",)
    at_least: float | None = None

    @property
    def payload(self) -> bytes:
        """The body's bytes."""
        return b"" if self.body is None else msgspec.json.encode(self.body)

    def paths(self, cursor: str) -> list[str]:
        """Return the paths to ask in turns: many records, so that no row is waited for."""
        path = self.path.replace("{after}", cursor)
        if "{id}" not in path:
            return [path]
        step = RECORDS // _IDS
        return [path.replace("{id}", str(1 + (i * 7919) % _IDS * step)) for i in range(_IDS)]


BOTH = ("postgresql", "sqlite")
SCENARIOS = (
    Scenario(name="ping", title="ping", path="/bench/ping", at_least=2),
    Scenario(
        name="get",
        title="get by id with joins and projections",
        path="/bench/records/{id}?profile=with_details",
        short_on=BOTH,
        at_least=6,
    ),
    Scenario(name="get_plain", title="get by id", path="/bench/records/{id}", only_full=True),
    Scenario(
        name="list_cursor",
        title="list, cursor, 50 rows",
        path="/bench/records/?limit=50&after={after}",
        short_on=BOTH,
        at_least=6,
    ),
    Scenario(
        name="list_offset",
        title="list, offset and count, 50 rows",
        path="/bench/records/?pagination=offset&page=3&limit=50",
        short_on=BOTH,
        at_least=5,
    ),
    Scenario(
        name="patch",
        title="PATCH",
        path="/bench/records/{id}",
        method="PATCH",
        body={"status": "paid", "quantity": 7},
        updates=True,
        short_on=BOTH,
        at_least=6,
    ),
    Scenario(
        name="preview",
        title="pricing preview: nine computes, five rules, update",
        path="/bench/records/{id}/pricing-preview",
        method="POST",
        body=_ORDER,
        updates=True,
        at_least=4,
    ),
    Scenario(name="create", title="create", path="/bench/records/", method="POST", body=_NEW, status=201, inserts=True),
    Scenario(
        name="bulk",
        title="bulk create, 20 rows",
        path="/bench/records/bulk",
        method="POST",
        body={"items": [_NEW] * 20},
        status=201,
        inserts=True,
    ),
)
