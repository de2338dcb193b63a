"""The floor's statements on PostgreSQL, and asyncpg's pool to run them."""

from typing import Any

import asyncpg

from benchmarks.apps import POOL_SIZE

_COLUMNS = """'id', r.id, 'ownerId', r.owner_id, 'title', r.title, 'status', r.status, 'country', r.country,
'currency', r.currency, 'quantity', r.quantity, 'unitPrice', r.unit_price, 'amount', r.amount,
'createdAt', r.created_at, 'updatedAt', r.updated_at"""
# Not EXISTS: in a list PostgreSQL hashes its whole table for that, 8 ms for 25,000 notes.
_HAS_NOTES = "'hasNotes', (SELECT true FROM bench_notes n WHERE n.record_id = r.id LIMIT 1) IS NOT NULL"
_NEW = "(owner_id, title, status, country, currency, quantity, unit_price, amount)"

STATEMENTS = {
    "item": f"SELECT json_build_object({_COLUMNS}, {_HAS_NOTES}) FROM bench_records r WHERE r.id = $1",
    "details": f"""SELECT json_build_object({_COLUMNS}, 'hasNotes', n.number > 0, 'notesCount', n.number,
        'owner', json_build_object('id', o.id, 'fullName', o.full_name, 'email', o.email),
        'notes', coalesce(n.notes, '[]'), 'noteSnippets', coalesce(n.snippets, '[]'))
        FROM bench_records r JOIN bench_owners o ON o.id = r.owner_id CROSS JOIN LATERAL (
            SELECT count(*) AS number, json_agg(json_build_object('id', n.id, 'title', n.title) ORDER BY n.id) AS snippets,
            json_agg(json_build_object('id', n.id, 'recordId', n.record_id, 'title', n.title, 'body', n.body)
                ORDER BY n.id) AS notes
            FROM bench_notes n WHERE n.record_id = r.id) n
        WHERE r.id = $1""",
    "step": f"""SELECT json_build_object({_COLUMNS}, {_HAS_NOTES}) FROM bench_records r
        WHERE r.id > $1 ORDER BY r.id LIMIT $2""",
    "page": f"""SELECT json_build_object('items', (SELECT coalesce(json_agg(item), '[]') FROM (
            SELECT json_build_object({_COLUMNS}, {_HAS_NOTES}) AS item FROM bench_records r
            ORDER BY r.id LIMIT $1 OFFSET $2) items),
        'total_count', t.total, 'page', $3::int, 'limit', $1::bigint, 'has_next', $1 + $2 < t.total)
        FROM (SELECT count(*) AS total FROM bench_records) t""",
    "create": f"""INSERT INTO bench_records AS r {_NEW} VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        RETURNING json_build_object({_COLUMNS})""",
    "bulk": f"""INSERT INTO bench_records AS r {_NEW}
        SELECT "ownerId", title, status, country, currency, quantity, "unitPrice", amount FROM json_to_recordset($1)
        AS i("ownerId" int, title text, status text, country text, currency text, quantity int, "unitPrice" float, amount float)
        RETURNING json_build_object({_COLUMNS})""",
    "update": f"""UPDATE bench_records r SET owner_id = coalesce($2, owner_id), title = coalesce($3, title),
        status = coalesce($4, status), country = coalesce($5, country), currency = coalesce($6, currency),
        quantity = coalesce($7, quantity), unit_price = coalesce($8, unit_price), amount = coalesce($9, amount),
        updated_at = now() WHERE r.id = $1 RETURNING json_build_object({_COLUMNS})""",
    "price": """UPDATE bench_records r SET country = $2, quantity = $3, unit_price = $4, amount = $5, updated_at = now()
        WHERE r.id = $1 RETURNING json_build_object('recordId', r.id, 'title', r.title, 'currency', r.currency)""",
}


class Postgres:
    """asyncpg's own pool, as its documentation shows it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None

    async def open(self) -> None:
        """Connect."""
        self._pool = await asyncpg.create_pool(self._url, min_size=POOL_SIZE, max_size=POOL_SIZE)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    async def one(self, name: str, *values: Any) -> str | None:
        """Return the first row."""
        row: str | None = await self._pool.fetchval(STATEMENTS[name], *values)
        return row

    async def all(self, name: str, *values: Any) -> list[str]:
        """Return every row."""
        return [row[0] for row in await self._pool.fetch(STATEMENTS[name], *values)]
