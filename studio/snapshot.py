"""What a compiled app looks like, as data: the value the app child sends and every page reads.

Nothing here runs or imports the user's code. The child fills a `Snapshot` from the live application; the supervisor
stores it, diffs it against the one before and renders it.
"""

from msgspec import Struct

from loom.core.engine.plan import Plan, Source


class Column(Struct, frozen=True, kw_only=True):
    """One column of a model. `type` is the SQL-side type (`String(120)`), `python_type` the annotation."""

    name: str
    type: str
    python_type: str
    nullable: bool = False
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    foreign_key: str = ""
    on_delete: str = ""
    default: str = ""


class Relation(Struct, frozen=True, kw_only=True):
    """One relation of a model; `target` is the other model's class name."""

    name: str
    target: str
    cardinality: str
    foreign_key: str
    profiles: tuple[str, ...] = ()


class Model(Struct, frozen=True, kw_only=True):
    """One model that became a table."""

    name: str
    key: str
    table: str
    columns: tuple[Column, ...] = ()
    relations: tuple[Relation, ...] = ()
    projections: tuple[str, ...] = ()
    source: Source | None = None


class Route(Struct, frozen=True, kw_only=True):
    """One compiled REST route.

    Attributes:
        plan: key of the plan it runs (`module:qualname`).
        use_case: that plan's class name.
        path: full path, `/users/{user_id}`.
    """

    method: str
    path: str
    use_case: str
    plan: str
    interface: str = ""
    tags: tuple[str, ...] = ()
    summary: str = ""
    status: int = 200
    pagination: str = ""
    profiles: tuple[str, ...] = ()
    source: Source | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """A compiled app.

    Attributes:
        app: name from the configuration.
        version: API version from the configuration.
        root: absolute project directory; frames below it are the user's own.
        database: URL without userinfo and query; "" where there is none.
        revision: content hash over plans, routes and models: same hash, same app.
        plans: use cases and jobs, in declaration order.
    """

    app: str
    version: str = ""
    root: str = ""
    database: str = ""
    python: str = ""
    loom: str = ""
    revision: str = ""
    routes: tuple[Route, ...] = ()
    plans: tuple[Plan, ...] = ()
    models: tuple[Model, ...] = ()
