"""What a REST interface declares."""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

from loom.core.repository.abc.query import MAX_LIMIT, PaginationMode
from loom.rest.constants import PROFILE_DEFAULT

__all__ = ["PaginationMode", "RestApiDefaults", "RestInterface", "RestRoute"]

ModelT = TypeVar("ModelT")


@dataclass(frozen=True)
class RestRoute:
    """One route: a use case behind a method and a path relative to the interface's prefix.

    Empty and None options take the interface's value, then the application's.
    """

    use_case: type[Any]
    method: str
    path: str
    summary: str = ""
    description: str = ""
    status_code: int = 200
    pagination_mode: PaginationMode | None = None
    allow_pagination_override: bool | None = None
    profile_default: str = ""
    allowed_profiles: tuple[str, ...] = ()
    expose_profile: bool = False
    filterable: tuple[str, ...] | None = None
    sortable: tuple[str, ...] | None = None
    max_limit: int | None = None


@dataclass(frozen=True)
class RestApiDefaults:
    """What routes and interfaces leave open."""

    pagination_mode: PaginationMode = PaginationMode.OFFSET
    allow_pagination_override: bool = True
    profile_default: str = PROFILE_DEFAULT
    allowed_profiles: tuple[str, ...] = ()
    max_limit: int = MAX_LIMIT


class RestInterface(Generic[ModelT]):
    """A resource: a prefix and the routes below it. `auto = True` without routes gives the five of auto-CRUD.

    Attributes:
        filterable: what list queries may filter by, instead of what the answer shows: columns, `relation.column`, and
            relations for `exists`.
        sortable: columns list queries may sort by, instead of those the answer shows.
        max_limit: the longest page.
    """

    __loom_kind__: ClassVar[str] = "interface"
    prefix: ClassVar[str] = ""
    tags: ClassVar[tuple[str, ...]] = ()
    auto: ClassVar[bool] = False
    include: ClassVar[tuple[str, ...]] = ()
    routes: ClassVar[tuple[RestRoute, ...]] = ()
    pagination_mode: ClassVar[PaginationMode | None] = None
    allow_pagination_override: ClassVar[bool | None] = None
    profile_default: ClassVar[str] = ""
    allowed_profiles: ClassVar[tuple[str, ...]] = ()
    expose_profile: ClassVar[bool] = False
    filterable: ClassVar[tuple[str, ...] | None] = None
    sortable: ClassVar[tuple[str, ...] | None] = None
    max_limit: ClassVar[int | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        model = _model_of(cls)
        if cls.auto and not cls.routes and model is not None:
            from loom.rest.autocrud import build_auto_routes  # routes are built from this module's classes

            cls.routes = build_auto_routes(model, cls.include)


def _model_of(cls: type[Any]) -> type[Any] | None:
    for base in getattr(cls, "__orig_bases__", ()):
        if isinstance(get_origin(base), type) and issubclass(get_origin(base), RestInterface):
            argument = get_args(base)[0]
            return argument if isinstance(argument, type) else None
    return None
