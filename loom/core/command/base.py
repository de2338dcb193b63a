"""What a command is, how a payload becomes one, and what of it a repository writes.

Presence is exact. A command decoded from a payload remembers which fields the payload named, explicit nulls included,
and carries that through computes. It is kept beside the struct's fields, so equality, hashing and encoding do not see
it. A command built in Python has no such memory; what it writes then follows from its values and defaults.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self, TypeVar, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, StructMeta, structs

from loom.core.annotations import declaring_locals, resolve_annotation
from loom.core.command.field import CommandField, admits_none
from loom.core.errors import InvalidPayload

C = TypeVar("C", bound=Struct)
_MEMORY = "_loom_fields_set"


class CommandMeta(StructMeta):
    """Resolves string annotations where the class is declared and gives omittable markers their default."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        annotations = namespace.get("__annotations__", {})
        written = any(isinstance(a, str) for a in annotations.values())
        local = declaring_locals(namespace["__module__"]) if written else {}
        for field, annotation in annotations.items():
            resolved = resolve_annotation(annotation, namespace["__module__"], local)
            annotations[field], default = _declared(resolved, namespace.get(field, NODEFAULT))
            if default is NODEFAULT:
                namespace.pop(field, None)
            else:
                namespace[field] = default
        options.setdefault("kw_only", True)  # msgspec applies it to a class's own fields only
        return super().__new__(mcls, name, bases, namespace, **options)


def _declared(annotation: Any, default: Any) -> tuple[Any, Any]:
    """Return (annotation, default) as the struct should have them."""
    if isinstance(default, CommandField):
        annotation = Annotated[annotation, default]
        default = NODEFAULT if default.default is UNSET else default.default
    marker = marker_of(annotation)
    if default is NODEFAULT and marker is not None and (marker.patch or marker.hidden):
        return annotation, None
    return annotation, default


def marker_of(annotation: Any) -> CommandField | None:
    """Return the `CommandField` an annotation carries."""
    if get_origin(annotation) is not Annotated:
        return None
    return next((m for m in get_args(annotation)[1:] if isinstance(m, CommandField)), None)


class FieldShape(Struct, frozen=True, kw_only=True):
    """One field of a command class, ready for decoding.

    Attributes:
        name, wire: snake_case and JSON names.
        annotation: the type values are decoded to; a non-nullable patch field has None taken out.
        required: the payload must name it.
        marker: its `CommandField`, or None.
        default: what an absent field becomes; NODEFAULT for required ones.
    """

    name: str
    wire: str
    annotation: Any
    required: bool
    marker: CommandField | None
    default: Any

    @property
    def is_patch(self) -> bool:
        """True where absence means "leave as it is"."""
        return self.marker is not None and self.marker.patch


def command_shape(cls: type[Any]) -> dict[str, FieldShape]:
    """Return the fields of the struct `cls` by Python name, in declaration order; read once per class."""
    shape: dict[str, FieldShape] | None = vars(cls).get("__loom_shape__")
    if shape is None:
        shape = {info.name: _field_shape(info) for info in structs.fields(cls)}
        cls.__loom_shape__ = shape
    return shape


def _field_shape(info: structs.FieldInfo) -> FieldShape:
    marker = marker_of(info.type) or _marker_by_unset(info.type)
    annotation = info.type
    if marker is not None and marker.patch and not marker.nullable:
        annotation = _without_none(annotation)
    return FieldShape(
        name=info.name,
        wire=info.encode_name,
        annotation=annotation,
        required=info.required,
        marker=marker,
        default=info.default if info.default_factory is NODEFAULT else info.default_factory(),
    )


def _marker_by_unset(annotation: Any) -> CommandField | None:
    """`T | UnsetType` is a patch field spelled msgspec's way."""
    if msgspec.UnsetType in get_args(annotation):
        return CommandField(patch=True, nullable=admits_none(annotation))
    return None


def _without_none(annotation: Any) -> Any:
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    kept = [arg for arg in get_args(base) if arg is not type(None)]
    result = kept[0]
    for arg in kept[1:]:
        result = result | arg
    return result


class Command(Struct, metaclass=CommandMeta, frozen=True, kw_only=True, omit_defaults=True, rename="camel", dict=True):
    """Base of commands: frozen, keyword-only, camelCase on the wire. Also usable as a response."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # the struct's own dict holds presence, not fields
        return {name: getattr(self, name) for name in self.__struct_fields__}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> tuple[Self, frozenset[str]]:
        """Decode `payload` and say which fields it named.

        Keys may be snake_case or camelCase, mixed; the later of two wins. Unknown keys, and keys of `Internal` and
        `Computed` fields, are ignored. Types are strict.

        Returns:
            the command, and the snake_case names present in the payload (explicit nulls included).

        Raises:
            msgspec.ValidationError: a field is missing or has the wrong type.
        """
        named, _ = _by_field(cls, payload)
        _refuse_null(cls, named)
        wire = {command_shape(cls)[name].wire: value for name, value in named.items()}
        command = msgspec.convert(wire, cls)
        return remember_presence(command, named), frozenset(named)


def decode_command(cls: type[Any], payload: Mapping[str, Any], *, strict: bool = False) -> tuple[Any, frozenset[str]]:
    """Decode `payload` into `cls` and report every problem at once.

    Args:
        cls: any class with `from_payload`.
        payload: decoded JSON object.
        strict: refuse keys the command does not have.

    Raises:
        InvalidPayload: one violation per bad field, snake_case names, nested ones dotted.
    """
    if strict and issubclass(cls, Struct):
        _, unknown = _by_field(cls, payload)
        if unknown:
            raise InvalidPayload([(name, "unknown field") for name in unknown])
    try:
        command, fields_set = cls.from_payload(payload)
    except msgspec.ValidationError as error:
        raise InvalidPayload(_violations(cls, payload) or [("body", str(error))]) from None
    return command, fields_set


def remember_presence(command: C, fields: Iterable[str]) -> C:
    """Record on `command` that `fields` were sent. Returns the same object."""
    structs.force_setattr(command, _MEMORY, frozenset(fields))
    return command


def fields_set_of(command: Any) -> frozenset[str] | None:
    """Return the fields a payload named for `command`; None for one built in Python."""
    return getattr(command, _MEMORY, None)


def replace_fields(command: C, **changes: Any) -> C:
    """Return a copy with `changes` applied; they count as written, and presence is carried over."""
    copy = structs.replace(command, **changes)
    known = fields_set_of(command)
    return copy if known is None else remember_presence(copy, known | changes.keys())


def written_fields(data: Any, *, creating: bool) -> dict[str, Any]:
    """Return what a repository should write of `data`: snake_case names to native Python values.

    Args:
        data: a command, any other msgspec struct, a dataclass, or a mapping with snake_case or camelCase keys.
        creating: an insert takes every non-patch field with its default; an update takes what was sent.
    """
    if isinstance(data, Mapping):
        return {_snake(key): value for key, value in data.items() if value is not UNSET}
    if not isinstance(data, Struct):
        values = {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
        return {name: value for name, value in values.items() if value is not UNSET}
    shape = command_shape(type(data))
    values = {name: getattr(data, name) for name in shape}
    return {
        name: value
        for name, value in values.items()
        if value is not UNSET and _is_written(shape[name], value, fields_set_of(data), creating=creating)
    }


def _is_written(field: FieldShape, value: Any, sent: frozenset[str] | None, *, creating: bool) -> bool:
    if sent is not None and field.name in sent:
        return True
    if field.marker is not None and value is None:
        return False  # an untouched patch field, or one only the server sets
    if field.is_patch:
        return sent is None
    if creating:
        return True
    return sent is None and (field.required or value != field.default)


def _by_field(cls: type[Struct], payload: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Split a payload into values by Python name and the keys that are not settable fields."""
    aliases = _aliases(cls)
    named: dict[str, Any] = {}
    unknown: list[str] = []
    for key, value in payload.items():
        name = aliases.get(key)
        if name is None:
            unknown.append(str(key))
        else:
            named[name] = value
    return named, unknown


def _aliases(cls: type[Any]) -> dict[str, str]:
    aliases: dict[str, str] | None = vars(cls).get("__loom_aliases__")
    if aliases is None:
        settable = [f for f in command_shape(cls).values() if f.marker is None or not f.marker.hidden]
        aliases = {f.wire: f.name for f in settable} | {f.name: f.name for f in settable}
        cls.__loom_aliases__ = aliases
    return aliases


def _refuse_null(cls: type[Struct], named: Mapping[str, Any]) -> None:
    shape = command_shape(cls)
    for name, value in named.items():
        marker = shape[name].marker
        if value is None and marker is not None and marker.patch and not marker.nullable:
            raise msgspec.ValidationError(f"Expected a value, got `null` - at `$.{name}`")


def _violations(cls: type[Any], payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not issubclass(cls, Struct):
        return []
    return list(_each_violation(cls, payload))


def _each_violation(cls: type[Struct], payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    named, _ = _by_field(cls, payload)
    for name, field in command_shape(cls).items():
        if name not in named:
            if field.required:
                yield name, "field is required"
        elif named[name] is None and field.is_patch and field.marker is not None and not field.marker.nullable:
            yield name, "must not be null"
        else:
            yield from _field_violation(field, named[name])


def _field_violation(field: FieldShape, value: Any) -> Iterator[tuple[str, str]]:
    try:
        msgspec.convert(value, field.annotation)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at ")
        yield field.name + _snake(path.strip("`").removeprefix("$")), text.replace("`", "")


def _snake(key: Any) -> str:
    """`fullName` -> `full_name`; what is snake_case already stays."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in str(key))
