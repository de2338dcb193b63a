"""The five operations of a model, as ordinary use cases: compiled, planned and drawn like hand-written ones."""

import copy
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET, UnsetType

from loom.core.command import Command
from loom.core.command.base import CommandMeta
from loom.core.errors import NotFound
from loom.core.model import get_column_fields
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.repository.abc.query import CursorResult, PageResult, QuerySpec
from loom.core.use_case import Input, UseCase
from loom.core.use_case.keys import KEY_SEPARATOR, CrudOp, model_entity_key, set_use_case_key
from loom.rest.model import RestRoute

_ROUTES: dict[CrudOp, tuple[str, str, int]] = {
    CrudOp.CREATE: ("POST", "/", 201),
    CrudOp.GET: ("GET", "/{id}", 200),
    CrudOp.LIST: ("GET", "/", 200),
    CrudOp.UPDATE: ("PATCH", "/{id}", 200),
    CrudOp.DELETE: ("DELETE", "/{id}", 200),
}
_DOCS: dict[CrudOp, str] = {
    CrudOp.CREATE: "Create a new {}.",
    CrudOp.GET: "Get a {} by id.",
    CrudOp.LIST: "List {} with filtering, sorting and pagination.",
    CrudOp.UPDATE: "Partially update an existing {}.",
    CrudOp.DELETE: "Delete a {} by id.",
}


def build_auto_routes(model: type[Any], include: Iterable[str] = ()) -> tuple[RestRoute, ...]:
    """Return the routes of `model`: those of `include`, or all five. Unknown names are ignored.

    Raises:
        ValueError: the model has no primary key, and no field `id` either.
    """
    wanted = set(include) or set(CrudOp)
    return tuple(_route(model, op) for op in CrudOp if op in wanted)


def crud_use_case(model: type[Any], op: CrudOp) -> type[Any]:
    """Return the use case of one operation; the same class for the same model every time.

    Raises:
        ValueError: the model has no primary key, and no field `id` either.
    """
    made: dict[CrudOp, type[Any]] | None = vars(model).get("__loom_crud__")
    if made is None:
        made = {each: _named(_BUILDERS[each](model), model, each) for each in CrudOp}
        model.__loom_crud__ = made
    return made[op]


def is_crud(use_case: type[Any]) -> bool:
    """Return whether `use_case` is one of those made here."""
    return "__loom_crud_of__" in vars(use_case)


def _route(model: type[Any], op: CrudOp) -> RestRoute:
    method, path, status = _ROUTES[op]
    return RestRoute(use_case=crud_use_case(model, op), method=method, path=path, status_code=status)


def _create(model: type[Any]) -> type[Any]:
    command = _create_input(model)

    class Create(UseCase[model, model]):  # type: ignore[valid-type]  # the model is known at run time only
        async def execute(self, cmd: command = Input()) -> model:  # type: ignore[valid-type]  # same
            return await self.main_repo.create(cmd)  # type: ignore[no-any-return]  # same

    return Create


def _get(model: type[Any]) -> type[Any]:
    key_type = _key_type(model)

    class Get(UseCase[model, model]):  # type: ignore[valid-type]  # the model is known at run time only
        async def execute(self, id: key_type, profile: str = "default") -> model:  # type: ignore[valid-type]  # noqa: A002 - same; the path parameter's name
            entity = await self.main_repo.get_by_id(id, profile=profile)
            if entity is None:
                raise NotFound(model.__name__, id=id)
            return entity  # type: ignore[no-any-return]  # same

    return Get


def _list(model: type[Any]) -> type[Any]:
    page = PageResult[model] | CursorResult[model]  # type: ignore[valid-type]  # the model is known at run time only

    class List(UseCase[model, page]):  # type: ignore[valid-type]  # same
        async def execute(self, query: QuerySpec, profile: str = "default") -> page:
            return await self.main_repo.list_with_query(query, profile=profile)

    return List


def _update(model: type[Any]) -> type[Any]:
    key_type = _key_type(model)
    command = _update_input(model)

    class Update(UseCase[model, model]):  # type: ignore[valid-type]  # the model is known at run time only
        async def execute(self, id: key_type, cmd: command = Input()) -> model:  # type: ignore[valid-type]  # noqa: A002 - same; the path parameter's name
            entity = await self.main_repo.update(id, cmd)
            if entity is None:
                raise NotFound(model.__name__, id=id)
            return entity  # type: ignore[no-any-return]  # same

    return Update


def _delete(model: type[Any]) -> type[Any]:
    key_type = _key_type(model)

    class Delete(UseCase[model, bool]):  # type: ignore[valid-type]  # the model is known at run time only
        async def execute(self, id: key_type) -> bool:  # type: ignore[valid-type]  # noqa: A002 - same; the path parameter's name
            return await self.main_repo.delete(id)

    return Delete


_BUILDERS = {
    CrudOp.CREATE: _create,
    CrudOp.GET: _get,
    CrudOp.LIST: _list,
    CrudOp.UPDATE: _update,
    CrudOp.DELETE: _delete,
}


def _named(cls: type[Any], model: type[Any], op: CrudOp) -> type[Any]:
    cls.__name__ = cls.__qualname__ = f"Auto{op.capitalize()}{model.__name__}"
    cls.__module__ = model.__module__
    cls.execute.__qualname__ = f"{cls.__qualname__}.execute"
    cls.__doc__ = _DOCS[op].format(model.__name__)
    cls.__loom_crud_of__ = model
    set_use_case_key(cls, f"{model_entity_key(model)}{KEY_SEPARATOR}{op}")
    return cls


def _key_type(model: type[Any]) -> Any:
    """Return the type of the id: of the primary key, or of a field `id` where a struct knows no keys."""
    columns = get_column_fields(model)
    key = next((name for name, column in columns.items() if column.field.primary_key), "id")
    if key not in columns:
        raise ValueError(f"{model.__name__} has no primary key column")
    return columns[key].value_type


def _writable(model: type[Any]) -> list[ColumnFieldInfo]:
    """Columns a client may write: no keys, nothing the database fills in."""
    return [
        column
        for column in get_column_fields(model).values()
        if not (column.field.primary_key or column.field.autoincrement or column.field.server_default)
    ]


def _create_input(model: type[Any]) -> type[Any]:
    """Required is what has no default and must not be null."""
    fields: dict[str, tuple[Any, Any]] = {}
    for column in _writable(model):
        if column.field.has_default:
            fields[column.name] = (_value(column), _default(column.field.default))
        else:
            fields[column.name] = (_value(column), None if column.field.nullable else NODEFAULT)
    return _command(f"{model.__name__}CreateInput", f"What a new {model.__name__} is made of.", fields, model)


def _update_input(model: type[Any]) -> type[Any]:
    """Every field may be absent; null is a value where the column takes it."""
    fields = {column.name: (_value(column) | UnsetType, UNSET) for column in _writable(model)}
    return _command(f"{model.__name__}UpdateInput", f"What changes of a {model.__name__}.", fields, model)


def _value(column: ColumnFieldInfo) -> Any:
    return column.value_type | None if column.field.nullable else column.value_type


def _default(default: Any) -> Any:
    """A default as a struct takes it: made anew for each instance where it is callable or mutable."""
    if callable(default):
        return msgspec.field(default_factory=default)
    if isinstance(default, list | dict | set | bytearray):
        return msgspec.field(default_factory=lambda: copy.deepcopy(default))
    return default


def _command(name: str, doc: str, fields: dict[str, tuple[Any, Any]], model: type[Any]) -> type[Any]:
    body: dict[str, Any] = {
        "__module__": model.__module__,
        "__qualname__": name,
        "__doc__": doc,
        "__annotations__": {field: annotation for field, (annotation, _) in fields.items()},
    }
    body |= {field: default for field, (_, default) in fields.items() if default is not NODEFAULT}
    made: type[Any] = CommandMeta(name, (Command,), body)
    return made
