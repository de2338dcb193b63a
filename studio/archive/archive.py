"""Keeps traces in one SQLite file with indexed columns; lists never touch what a trace holds.

Rules for the next editor: one connection behind one lock, every method is synchronous and quick; pages call them on a
thread. What is kept is bounded by count, bytes and age, whichever is reached first, and the oldest go.
"""

import contextlib
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from loom.core.engine.plan import Plan
from studio.archive.search import Search
from studio.archive.summary import RUNS, Row, RunRow, run_said, summarise
from studio.trace import Trace, encoder, trace_decoder

VERSION = 1
PLANS_CACHED = 2000
_COLUMNS = Row.__struct_fields__[1:]
_SCHEMA = f"""
CREATE TABLE traces (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, trace_id TEXT NOT NULL, at REAL NOT NULL,
    took INTEGER NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
    outcome TEXT NOT NULL, use TEXT NOT NULL, uses TEXT NOT NULL, said TEXT NOT NULL, rules TEXT NOT NULL,
    calls INTEGER NOT NULL, logs INTEGER NOT NULL, jobs INTEGER NOT NULL, attention INTEGER NOT NULL,
    text TEXT NOT NULL, size INTEGER NOT NULL
);
CREATE INDEX by_trace_id ON traces (trace_id);
CREATE INDEX by_at ON traces (at);
CREATE INDEX by_took ON traces (took);
CREATE INDEX by_status ON traces (status, n);
CREATE INDEX by_outcome ON traces (outcome, n);
CREATE INDEX by_attention ON traces (attention, n);
CREATE INDEX by_method ON traces (method, n);
CREATE INDEX by_calls ON traces (calls);
CREATE TABLE runs (
    trace INTEGER NOT NULL, span INTEGER NOT NULL, plan TEXT NOT NULL, plan_hash TEXT NOT NULL, name TEXT NOT NULL,
    outcome TEXT NOT NULL, took INTEGER NOT NULL, said TEXT NOT NULL, PRIMARY KEY (trace, span)
) WITHOUT ROWID;
CREATE INDEX runs_by_plan ON runs (plan, trace);
CREATE INDEX runs_by_name ON runs (name COLLATE NOCASE, trace);
CREATE TABLE bodies (n INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE plans (hash TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


class Limits(Struct, frozen=True, kw_only=True):
    """What is kept at most."""

    count: int = 50_000
    bytes: int = 256 * 1024 * 1024
    age_s: float = 7 * 86_400


class Trouble(Struct, frozen=True):
    """Traces that need attention and ended alike: what was said, how often, and the newest of them."""

    use: str
    said: str
    count: int
    at: float
    id: str
    method: str
    path: str


class Archive:
    """The traces of one project.

    Args:
        file: the database; None keeps everything in memory.
        now: seconds since 1970.

    Attributes:
        dropped: traces the recorder could not hand over, since this object was made.
    """

    def __init__(self, file: Path | None = None, *, limits: Limits = Limits(), now: Callable[[], float] = time.time):
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._plans: dict[str, Plan] = {}
        self._db = _opened(file)
        self._bytes: int = self._one("SELECT coalesce(sum(size), 0) FROM traces")
        with self._db:  # plans that nothing kept was run by; those of the app come anew with its first message
            self._db.execute("DELETE FROM plans WHERE hash NOT IN (SELECT plan_hash FROM runs)")
        self._known = {hash_ for (hash_,) in self._db.execute("SELECT hash FROM plans")}
        self.dropped = 0

    def close(self) -> None:
        """Give back the file."""
        with self._lock:
            self._db.close()

    def keep_plans(self, plans: Iterable[Plan]) -> None:
        """Remember what plans looked like, so that their runs can be drawn after they have changed."""
        with self._lock, self._db:
            for plan in plans:
                self._cache(plan)
                if plan.hash not in self._known:
                    self._known.add(plan.hash)
                    body = (plan.hash, _pack(msgspec.msgpack.encode(plan)))
                    self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", body)

    def add(self, traces: Iterable[Trace]) -> int:
        """Keep `traces` and forget the oldest beyond the limits. Returns the place of the newest one."""
        with self._lock, self._db:
            for trace in traces:
                self._add(trace)
            newest: int = self._db.execute("SELECT coalesce(max(n), 0) FROM traces").fetchone()[0]
            self._prune(newest)
        return newest

    def rows(self, search: Search = Search(), *, before: int = 0, limit: int = 100) -> tuple[Row, ...]:
        """Return what `search` finds, newest first; `before` a place goes on from there."""
        where = f"({search.where})" + (" AND n < ?" if before else "")
        sql = f"SELECT {', '.join(Row.__struct_fields__)} FROM traces WHERE {where} ORDER BY n DESC LIMIT ?"  # noqa: S608 - our own words
        arguments = (*search.arguments, *((before,) if before else ()), limit)
        return tuple(Row(*row) for row in self._all(sql, arguments))

    def count(self, search: Search = Search(), *, after: int = 0) -> int:
        """Return how many `search` finds, of those after a place."""
        return int(self._one(f"SELECT count(*) FROM traces WHERE ({search.where}) AND n > ?", *search.arguments, after))  # noqa: S608 - our own words

    def row(self, id_: str) -> Row | None:
        """Return the row of one trace."""
        return next(iter(self.rows(Search("id = ?", (id_,)), limit=1)), None)

    def trace(self, id_: str) -> Trace | None:
        """Return one trace whole."""
        found = self._all("SELECT body FROM bodies WHERE n = (SELECT n FROM traces WHERE id = ?)", (id_,))
        return trace_decoder.decode(zlib.decompress(found[0][0])) if found else None

    def plan(self, hash_: str) -> Plan | None:
        """Return the plan of this hash, as it was."""
        if hash_ not in self._plans:
            found = self._all("SELECT body FROM plans WHERE hash = ?", (hash_,))
            if not found:
                return None
            self._cache(msgspec.msgpack.decode(zlib.decompress(found[0][0]), type=Plan))
        return self._plans[hash_]

    def runs(self, plan: str, *, limit: int = 50) -> tuple[RunRow, ...]:
        """Return the newest runs of the plan with this key."""
        sql = """SELECT t.id, r.span, t.at, r.took, r.outcome, r.said, t.method, t.path, t.status, r.plan_hash
            FROM runs r JOIN traces t ON t.n = r.trace WHERE r.plan = ? ORDER BY r.trace DESC LIMIT ?"""
        return tuple(RunRow(*row) for row in self._all(sql, (plan, limit)))

    def troubles(self, *, since: float, limit: int = 5) -> tuple[Trouble, ...]:
        """Return what has needed attention since then, grouped by use case and words, newest first."""
        sql = """SELECT use, said, count(*), max(at), id, method, path FROM traces
            WHERE attention = 1 AND at >= ? GROUP BY use, said ORDER BY max(at) DESC LIMIT ?"""
        return tuple(Trouble(*row) for row in self._all(sql, (since, limit)))

    def clear(self) -> None:
        """Forget every trace."""
        with self._lock, self._db:
            for table in ("traces", "runs", "bodies"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words
            self._bytes = 0

    def _add(self, trace: Trace) -> None:
        plans = {span.plan_hash: plan for span in trace.spans if (plan := self._cached(span.plan_hash))}
        row, body = summarise(trace, plans), _pack(encoder.encode(trace))
        values = [getattr(row, name) for name in _COLUMNS]
        text = " ".join((row.method, row.path, str(row.status), row.uses, row.said, row.outcome))
        marks = ", ".join("?" * (len(_COLUMNS) + 2))
        sql = f"INSERT OR IGNORE INTO traces ({', '.join(_COLUMNS)}, text, size) VALUES ({marks})"  # noqa: S608 - our own words
        cursor = self._db.execute(sql, (*values, text, len(body)))
        if not cursor.rowcount:
            return
        n = cursor.lastrowid
        self._bytes += len(body)
        self._db.execute("INSERT INTO bodies VALUES (?, ?)", (n, body))
        for number, span in enumerate(trace.spans):
            if span.kind in RUNS:
                run = (n, number, span.plan, span.plan_hash, span.name, span.outcome, span.took, run_said(span, plans))
                self._db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", run)

    def _cached(self, hash_: str) -> Plan | None:
        """The plan of this hash while the lock is held."""
        if hash_ and hash_ not in self._plans and hash_ in self._known:
            body = self._db.execute("SELECT body FROM plans WHERE hash = ?", (hash_,)).fetchone()[0]
            self._cache(msgspec.msgpack.decode(zlib.decompress(body), type=Plan))
        return self._plans.get(hash_)

    def _cache(self, plan: Plan) -> None:
        self._plans[plan.hash] = plan
        if len(self._plans) > PLANS_CACHED:
            del self._plans[next(iter(self._plans))]

    def _prune(self, newest: int) -> None:
        oldest_kept = self._db.execute("SELECT min(n) FROM traces WHERE at >= ?", (self._now() - self._limits.age_s,))
        limit = max(newest - self._limits.count, (oldest_kept.fetchone()[0] or newest + 1) - 1)
        if self._bytes > self._limits.bytes:
            limit = max(limit, self._beyond_bytes())
        sizes = self._db.execute(
            "SELECT coalesce(sum(size), 0), count(*) FROM traces WHERE n <= ?", (limit,)
        ).fetchone()
        if sizes[1]:
            self._bytes -= sizes[0]
            for table, column in (("traces", "n"), ("bodies", "n"), ("runs", "trace")):
                self._db.execute(f"DELETE FROM {table} WHERE {column} <= ?", (limit,))  # noqa: S608 - our own words

    def _beyond_bytes(self) -> int:
        """The newest place that must go, so that nine tenths of the allowed bytes stay."""
        room = self._limits.bytes * 0.9
        for n, size in self._db.execute("SELECT n, size FROM traces ORDER BY n DESC"):
            room -= size
            if room < 0:
                return int(n)
        return 0

    def _all(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, arguments).fetchall()

    def _one(self, sql: str, *arguments: Any) -> Any:
        return self._all(sql, arguments)[0][0]


def _opened(file: Path | None) -> sqlite3.Connection:
    """Open the database for this user alone; a file of another version, or a broken one, is begun anew."""
    if file is None:
        return _prepared(sqlite3.connect(":memory:", check_same_thread=False))
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        return _prepared(sqlite3.connect(file, check_same_thread=False, timeout=5.0))
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        return _prepared(sqlite3.connect(file, check_same_thread=False, timeout=5.0))


def _prepared(db: sqlite3.Connection) -> sqlite3.Connection:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        db.close()
        raise sqlite3.DatabaseError(f"version {version}")
    if version == 0:
        db.executescript(_SCHEMA)
    return db


def _pack(data: bytes) -> bytes:
    return zlib.compress(data, 1)
