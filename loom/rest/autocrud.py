"""The five operations of a model, as ordinary use cases: compiled, planned and drawn like hand-written ones."""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, UnsetType

from loom.core.command import Command
from loom.core.errors import NotFound
from loom.core.model import get_column_fields, get_id_attribute
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
    """Return the routes of `model`: those of `include`, or all five. Unknown names are ignored."""
    wanted = set(include) or set(CrudOp)
    return tuple(_route(model, op) for op in CrudOp if op in wanted)


def crud_use_case(model: type[Any], op: CrudOp) -> type[Any]:
    """Return the use case of one operation; the same class for the same model every time."""
    made: dict[CrudOp, type[Any]] | None = vars(model).get("__loom_crud__")
    if made is None:
        made = {each: _named(_BUILDERS[each](model), model, each) for each in CrudOp}
        model.__loom_crud__ = made
    return made[op]


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
    key_type = get_column_fields(model)[get_id_attribute(model)].python_type

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
    key_type = get_column_fields(model)[get_id_attribute(model)].python_type
    command = _update_input(model)

    class Update(UseCase[model, model]):  # type: ignore[valid-type]  # the model is known at run time only
        async def execute(self, id: key_type, cmd: command = Input()) -> model:  # type: ignore[valid-type]  # noqa: A002 - same; the path parameter's name
            entity = await self.main_repo.update(id, cmd)
            if entity is None:
                raise NotFound(model.__name__, id=id)
            return entity  # type: ignore[no-any-return]  # same

    return Update


def _delete(model: type[Any]) -> type[Any]:
    key_type = get_column_fields(model)[get_id_attribute(model)].python_type

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
    cls.__doc__ = _DOCS[op].format(model.__name__)
    set_use_case_key(cls, f"{model_entity_key(model)}{KEY_SEPARATOR}{op}")
    return cls


def _writable(model: type[Any]) -> list[ColumnFieldInfo]:
    """Columns a client may write: no keys, nothing the database fills in."""
    return [
        column
        for column in get_column_fields(model).values()
        if not (column.field.primary_key or column.field.autoincrement or column.field.server_default)
    ]


def _create_input(model: type[Any]) -> type[Any]:
    fields: list[Any] = []
    for column in _writable(model):
        if column.field.default is not UNSET:
            fields.append((column.name, column.python_type, column.field.default))
        elif column.field.nullable:
            fields.append((column.name, column.python_type | None, None))
        else:
            fields.append((column.name, column.python_type))
    return _command(f"{model.__name__}CreateInput", fields, model)


def _update_input(model: type[Any]) -> type[Any]:
    fields = [
        (c.name, (c.python_type | None if c.field.nullable else c.python_type) | UnsetType, UNSET)
        for c in _writable(model)
    ]
    return _command(f"{model.__name__}UpdateInput", fields, model)


def _command(name: str, fields: list[Any], model: type[Any]) -> type[Any]:
    defaults = {field[0]: field[2] for field in fields if len(field) == 3}
    annotations = {field[0]: field[1] for field in fields}
    body = {"__module__": model.__module__, "__qualname__": name, "__annotations__": annotations, **defaults}
    make: Any = type(Command)
    made: type[Any] = make(name, (Command,), body)
    return made
