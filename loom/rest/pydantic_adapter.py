"""Commands validated by pydantic, for FastAPI routes written by hand: a schema to annotate a body with, and back again."""

from collections.abc import Mapping
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from msgspec import NODEFAULT, UNSET, Struct, UnsetType

from loom.core.command.base import FieldShape, command_shape

if TYPE_CHECKING:
    from pydantic import BaseModel


class PydanticAdapter:
    """A `CommandAdapter`. The schema of a class is made once and has the fields a client may set, by both their names."""

    def __init__(self) -> None:
        self._schemas: dict[type[Any], type[BaseModel]] = {}

    def register(self, *command_classes: type[Any]) -> None:
        """Make the schemas of `command_classes` now."""
        for command_cls in command_classes:
            self.compile_schema(command_cls)

    def compile_schema(self, command_cls: type[Any]) -> "type[BaseModel]":
        """Return the pydantic model of `command_cls`, without its internal and computed fields."""
        if command_cls not in self._schemas:
            self._schemas[command_cls] = self._schema(command_cls)
        return self._schemas[command_cls]

    def parse(self, command_cls: type[Any], raw: Mapping[str, Any]) -> tuple[Any, frozenset[str]]:
        """Return the command `raw` makes, and the snake_case names it sets, explicit nulls included.

        Raises:
            pydantic.ValidationError: it does not fit.
        """
        schema = self.compile_schema(command_cls)
        parsed = schema.model_validate(dict(raw))
        command, fields_set = command_cls.from_payload(parsed.model_dump(exclude_unset=True, by_alias=True))
        return command, fields_set

    def _schema(self, cls: type[Any]) -> "type[BaseModel]":
        from pydantic import ConfigDict, create_model  # pydantic only for those who use it

        fields = {
            name: self._field(field)
            for name, field in command_shape(cls).items()
            if field.marker is None or not field.marker.hidden
        }
        config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True)
        definitions: Any = fields
        return create_model(f"{cls.__name__}Schema", __config__=config, __doc__=cls.__doc__, **definitions)

    def _field(self, field: FieldShape) -> tuple[Any, Any]:
        from pydantic import Field  # pydantic only for those who use it

        annotation = self._type(field.annotation)
        if field.required:
            return annotation, Field(alias=field.wire)
        default = None if field.default in (UNSET, NODEFAULT) else field.default
        return annotation, Field(alias=field.wire, default=default)

    def _type(self, annotation: Any) -> Any:
        """The same type with every struct in it as a model."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Struct):
            return self.compile_schema(annotation)
        if not arguments or origin is None:
            return annotation
        if origin is Annotated:
            return self._type(arguments[0])
        kept = tuple(self._type(each) for each in arguments if each is not UnsetType)
        if origin in (Union, UnionType):
            return Union[kept]  # noqa: UP007 - the members are known at run time only
        return GenericAlias(origin, kept) if origin in (list, dict, set, frozenset, tuple) else annotation
