"""The floor's statements on SQLite, run by the standard library on the event loop's own thread."""

import sqlite3
from typing import Any

from benchmarks.apps.orm import prepare_sqlite

_TIME = "replace(r.created_at, ' ', 'T')"
_COLUMNS = f"""'id', r.id, 'ownerId', r.owner_id, 'title', r.title, 'status', r.status, 'country', r.country,
'currency', r.currency, 'quantity', r.quantity, 'unitPrice', r.unit_price, 'amount', r.amount,
'createdAt', {_TIME}, 'updatedAt', {_TIME.replace("created", "updated")}"""
_WRITTEN = _COLUMNS.replace("r.", "")  # RETURNING knows no alias
_HAS_NOTES = "'hasNotes', json(iif(EXISTS (SELECT 1 FROM bench_notes n WHERE n.record_id = r.id), 'true', 'false'))"
_NEW = "(owner_id, title, status, country, currency, quantity, unit_price, amount, created_at, updated_at)"
_NOW = "CURRENT_TIMESTAMP, CURRENT_TIMESTAMP"

STATEMENTS = {
    "item": f"SELECT json_object({_COLUMNS}, {_HAS_NOTES}) FROM bench_records r WHERE r.id = ?1",
    "details": f"""SELECT json_object({_COLUMNS}, 'hasNotes', json(iif(n.number > 0, 'true', 'false')),
        'notesCount', n.number, 'owner', json_object('id', o.id, 'fullName', o.full_name, 'email', o.email),
        'notes', json(n.notes), 'noteSnippets', json(n.snippets))
        FROM bench_records r JOIN bench_owners o ON o.id = r.owner_id, (
            SELECT count(*) AS number, json_group_array(json_object('id', id, 'title', title)) AS snippets,
            json_group_array(json_object('id', id, 'recordId', record_id, 'title', title, 'body', body)) AS notes
            FROM (SELECT * FROM bench_notes WHERE record_id = ?1 ORDER BY id)) n
        WHERE r.id = ?1""",
    "step": f"""SELECT json_object({_COLUMNS}, {_HAS_NOTES}) FROM bench_records r
        WHERE r.id > ?1 ORDER BY r.id LIMIT ?2""",
    "page": f"""SELECT json_object('items', (SELECT json_group_array(json(item)) FROM (
            SELECT json_object({_COLUMNS}, {_HAS_NOTES}) AS item FROM bench_records r
            ORDER BY r.id LIMIT ?1 OFFSET ?2)),
        'total_count', t.total, 'page', ?3, 'limit', ?1, 'has_next', json(iif(?1 + ?2 < t.total, 'true', 'false')))
        FROM (SELECT count(*) AS total FROM bench_records) t""",
    "create": f"""INSERT INTO bench_records {_NEW} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {_NOW})
        RETURNING json_object({_WRITTEN})""",
    "bulk": f"""INSERT INTO bench_records {_NEW} SELECT value ->> 'ownerId', value ->> 'title', value ->> 'status',
        value ->> 'country', value ->> 'currency', value ->> 'quantity', value ->> 'unitPrice', value ->> 'amount', {_NOW}
        FROM json_each(?1) WHERE true RETURNING json_object({_WRITTEN})""",
    "update": f"""UPDATE bench_records SET owner_id = coalesce(?2, owner_id), title = coalesce(?3, title),
        status = coalesce(?4, status), country = coalesce(?5, country), currency = coalesce(?6, currency),
        quantity = coalesce(?7, quantity), unit_price = coalesce(?8, unit_price), amount = coalesce(?9, amount),
        updated_at = CURRENT_TIMESTAMP WHERE id = ?1 RETURNING json_object({_WRITTEN})""",
    "price": """UPDATE bench_records SET country = ?2, quantity = ?3, unit_price = ?4, amount = ?5,
        updated_at = CURRENT_TIMESTAMP WHERE id = ?1
        RETURNING json_object('recordId', id, 'title', title, 'currency', currency)""",
}


class SQLite:
    """One connection, no thread: what the file itself costs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: Any = None

    async def open(self) -> None:
        """Connect."""
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        prepare_sqlite(self._connection)

    async def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    async def one(self, name: str, *values: Any) -> str | None:
        """Return the first row."""
        row = self._connection.execute(STATEMENTS[name], values).fetchall()
        return row[0][0] if row else None

    async def all(self, name: str, *values: Any) -> list[str]:
        """Return every row."""
        return [row[0] for row in self._connection.execute(STATEMENTS[name], values).fetchall()]
