"""Fills a `Snapshot` from a live application. Runs in the app child, the one place that has both."""

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.util import immutabledict

import loom
from loom.core.engine.source import digest, source_of
from loom.core.model import get_column_fields, get_projections, get_table_name, inspect_model
from studio.snapshot import Column, Model, Relation, Route, Snapshot


def snapshot_of(app: Any, root: Path) -> Snapshot:
    """Return what `app` looks like compiled; an ASGI app that loom did not make gives an empty picture."""
    known = getattr(getattr(app, "state", None), "loom", None)
    common: dict[str, Any] = {"root": str(root), "python": platform.python_version(), "loom": loom.__version__}
    if known is None:
        return Snapshot(app=getattr(app, "title", "") or root.name, **common)
    routes = tuple(_route(route) for route in known.routes)
    models = tuple(_model(model, known.tables) for model in known.models)
    parts = (msgspec.json.encode(x, order="deterministic").decode() for x in (routes, models))
    return Snapshot(
        app=known.name,
        version=known.version,
        database=public_url(known.database_url),
        revision=digest(*(plan.hash for plan in known.plans), *parts),
        routes=routes,
        plans=tuple(known.plans),
        models=models,
        **common,
    )


def public_url(url: str) -> str:
    """Return a database URL without user, password and query; "" where it cannot be read."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return ""
    return parsed._replace(username=None, password=None, query=immutabledict()).render_as_string()


def _route(compiled: Any) -> Route:
    use_case = compiled.route.use_case
    return Route(
        method=compiled.route.method.upper(),
        path=compiled.full_path,
        use_case=use_case.__name__,
        plan=f"{use_case.__module__}:{use_case.__qualname__}",
        interface=compiled.interface_name,
        tags=tuple(compiled.interface_tags),
        summary=compiled.route.summary or _first_line(use_case),
        status=compiled.route.status_code,
        pagination=str(compiled.effective_pagination_mode or ""),
        profiles=tuple(compiled.effective_allowed_profiles),
        source=source_of(use_case),
    )


def _first_line(cls: type[Any]) -> str:
    return (vars(cls).get("__doc__") or "").strip().partition("\n")[0]


def _model(model: type[Any], tables: Any) -> Model:
    return Model(
        name=model.__name__,
        key=f"{model.__module__}:{model.__qualname__}",
        table=get_table_name(model),
        columns=tuple(_columns(model, tables)),
        relations=tuple(_relations(model)),
        projections=tuple(get_projections(model)),
        source=source_of(model),
    )


def _columns(model: type[Any], tables: Any) -> Iterator[Column]:
    fields = get_column_fields(model)
    for column in tables.table(model).columns:
        key = next(iter(column.foreign_keys), None)
        annotation = fields[column.name].python_type if column.name in fields else None
        yield Column(
            name=str(column.name),
            type=str(column.type),
            python_type=getattr(annotation, "__name__", str(annotation)),
            nullable=bool(column.nullable),
            primary_key=column.primary_key,
            unique=bool(column.unique),
            index=bool(column.index),
            foreign_key=str(key.target_fullname) if key is not None else "",
            on_delete=str(key.ondelete or "") if key is not None else "",
            default=_default(column),
        )


def _default(column: Any) -> str:
    if column.server_default is not None:
        return "by the database"
    return repr(column.default.arg) if column.default is not None and column.default.is_scalar else ""


def _relations(model: type[Any]) -> Iterator[Relation]:
    for name, relation in inspect_model(model).relations.items():
        yield Relation(
            name=name,
            target=relation.target.__name__,
            cardinality=str(relation.cardinality),
            foreign_key=relation.declared.foreign_key,
            profiles=relation.profiles,
        )
