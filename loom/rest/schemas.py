"""Types as OpenAPI component schemas, once for what is answered and once for what is sent.

All types of a document are described in one call, so that two classes of one name get names that differ. An answer holds
every field but those that may be unset, whatever its default; a request holds what a client may set, within the bounds it
is held to.
"""

import re
from collections.abc import Hashable, Iterator
from datetime import datetime, time
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType, defstruct, structs

from loom.core.command.base import command_shape
from loom.core.model.annotation import split_markers
from loom.core.model.bounds import INT64, Bounds
from loom.rest.bounds import BodyBounds

_ANSWER = "#/components/schemas/{name}"
_REQUEST = "#/components/schemas/{name}Request"
_UNSAFE = re.compile(r"[^a-zA-Z0-9.\-_]")
Schema = dict[str, Any]


class Schemas:
    """The schemas of one document. Ask for types with `answer` and `request`; `components` writes them all.

    A type that cannot be described has no schema: None instead of a failure.
    """

    def __init__(self) -> None:
        self._answers: dict[Any, Schema | None] = {}
        self._requests: dict[type[Any], Schema | None] = {}
        self._twins: dict[type[Any], Any] = {}

    def answer(self, annotation: Any) -> Schema | None:
        """Return the schema of a value that is answered, filled in by `components`; None for the indescribable."""
        if annotation in (Any, None, NoneType) or isinstance(annotation, str) or not isinstance(annotation, Hashable):
            return None
        if _remembered(self._answers, annotation, annotation) is None and _is_union(annotation):
            return self._any_of(get_args(annotation))
        return self._answers[annotation]

    def _any_of(self, members: tuple[Any, ...]) -> Schema | None:
        """Describe each alone: msgspec cannot decode a union of plain structs, and so does not describe one."""
        schemas = [{"type": "null"} if member is NoneType else self.answer(member) for member in members]
        return None if None in schemas else {"anyOf": schemas}

    def request(self, command: type[Any], bounds: BodyBounds) -> Schema | None:
        """Return the schema of a command as a client sends it, filled in by `components`."""
        twin = self._twins.setdefault(command, _sendable(command, bounds))
        return _remembered(self._requests, command, twin)

    def components(self) -> dict[str, Schema]:
        """Fill in every schema asked for so far and return the components they refer to, by name."""
        answers = [annotation for annotation, schema in self._answers.items() if schema is not None]
        requests = [command for command, schema in self._requests.items() if schema is not None]
        answered = _written(answers, self._answers.values(), _ANSWER)
        _require_all(answers, answered)
        sent = _written([self._twins[c] for c in requests], self._requests.values(), _REQUEST)
        return answered | {f"{name}Request": _titled(schema) for name, schema in sent.items()}


def _remembered(known: dict[Any, Schema | None], key: Any, described: Any) -> Schema | None:
    if key not in known:
        known[key] = {} if _describable(described) else None
    return known[key]


def _describable(annotation: Any) -> bool:
    try:
        msgspec.json.schema_components([annotation])
    except (TypeError, ValueError, NameError, RecursionError):
        return False
    return True


def _written(types: list[Any], into: Any, template: str) -> dict[str, Schema]:
    """Describe `types` in one call; each schema goes into its place in `into`."""
    schemas, components = msgspec.json.schema_components(types, ref_template=template)
    for place, schema in zip((p for p in into if p is not None), schemas, strict=True):
        place.clear()
        place.update(schema)
    return components


def _titled(schema: Schema) -> Schema:
    return schema | {"title": f"{schema['title']}Request"} if "title" in schema else schema


def _require_all(annotations: list[Any], components: dict[str, Schema]) -> None:
    """Mark what every answer holds as required; its defaults say nothing to a client."""
    for cls in _structs(annotations):
        schema = components.get(_name(cls.__name__)) or components.get(_name(f"{cls.__module__}.{cls.__qualname__}"))
        if schema is None or "properties" not in schema:
            continue
        for property_ in schema["properties"].values():
            property_.pop("default", None)
        optional = {f.encode_name for f in structs.fields(cls) if UnsetType in get_args(f.type)}
        schema["required"] = [name for name in schema["properties"] if name not in optional]


def _structs(annotations: list[Any]) -> Iterator[type[Struct]]:
    """Every struct class reachable from `annotations`, once; generic aliases have no defaults to speak of."""
    seen: set[int] = set()
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(annotations))
    while waiting:
        info = waiting.pop()
        if id(info) in seen:
            continue
        seen.add(id(info))
        if isinstance(info, msgspec.inspect.StructType) and isinstance(info.cls, type):
            yield info.cls
        waiting += _inner(info)


def _inner(info: Any) -> Iterator[Any]:
    for name in ("type", "item_type", "key_type", "value_type"):
        part = getattr(info, name, None)
        if isinstance(part, msgspec.inspect.Type):
            yield part
    yield from getattr(info, "types", ())
    yield from getattr(info, "item_types", ())
    yield from (field.type for field in getattr(info, "fields", ()))


def _name(text: str) -> str:
    """A class name the way msgspec writes it in a component name."""
    return _UNSAFE.sub("_", text)


def bounded(annotation: Any, bounds: Bounds | None = None) -> Any:
    """Return `annotation` with what a value must stay within, for its schema; an integer has 64 bits at most."""
    if _is_union(annotation):
        return Union[tuple(bounded(member, bounds) for member in get_args(annotation))]  # noqa: UP007 - known here only
    plain, metas = split_markers(annotation)
    extra = _FORMATS.get(plain) if isinstance(plain, type) else None
    if plain is int:
        bounds = bounds or INT64
        extra = _missing(metas, ge=bounds.minimum, le=bounds.maximum)
    elif plain is str and bounds is not None:
        extra = _missing(metas, max_length=bounds.max_length)
    return annotation if extra is None else Annotated[(plain, *metas, extra)]


def _missing(metas: tuple[Any, ...], **limits: int | None) -> msgspec.Meta | None:
    """Return the limits that a declaration does not set itself."""
    declared = [meta for meta in metas if isinstance(meta, msgspec.Meta)]
    kept = {name: limit for name, limit in limits.items() if not any(_sets(meta, name) for meta in declared)}
    return msgspec.Meta(**kept) if kept else None  # type: ignore[arg-type]  # ge, le and max_length take an int or None


def _sets(meta: msgspec.Meta, limit: str) -> bool:
    keywords = _RIVALS[limit]
    documented = meta.extra_json_schema or {}
    return any(getattr(meta, name) is not None or keyword in documented for name, keyword in keywords.items())


_RIVALS = {
    "ge": {"ge": "minimum", "gt": "exclusiveMinimum"},
    "le": {"le": "maximum", "lt": "exclusiveMaximum"},
    "max_length": {"max_length": "maxLength"},
}
_FORMATS = {
    datetime: msgspec.Meta(extra_json_schema={"format": "date-time"}),
    time: msgspec.Meta(extra_json_schema={"format": "time"}),
    Decimal: msgspec.Meta(extra_json_schema={"format": "decimal", "pattern": r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$"}),
}
"""Types whose text form msgspec does not name."""


def _sendable(command: type[Any], bounds: BodyBounds) -> Any:
    """What a client may send: no internal or computed field; one with a default may be absent."""
    if not issubclass(command, Struct):
        return command
    fields: list[Any] = []
    rename: dict[str, str] = {}
    for field in command_shape(command).values():
        if field.marker is not None and field.marker.hidden:
            continue
        bound = bounds.get(field.name)
        kind = bounded(_without_unset(field.annotation), bound.bounds if bound else None)
        fields.append((field.name, kind) if field.required else (field.name, kind | UnsetType, UNSET))
        rename[field.name] = field.wire
    twin = defstruct(command.__name__, fields, rename=rename, kw_only=True, module=command.__module__)
    twin.__doc__ = vars(command).get("__doc__")
    return twin


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _without_unset(annotation: Any) -> Any:
    if _is_union(annotation):
        kept = tuple(a for a in get_args(annotation) if a is not UnsetType)
        return Union[kept]  # noqa: UP007 - members known here only
    return annotation
