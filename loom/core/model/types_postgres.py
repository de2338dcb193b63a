"""Column types only PostgreSQL has."""

from loom.core.model.types import ColumnType


class JSONB(ColumnType):
    """Binary JSON; plain JSON on other databases."""

    __slots__ = ()


class UUID(ColumnType):
    """PostgreSQL's UUID; 32 hex digits on other databases."""

    __slots__ = ()


class TSVECTOR(ColumnType):
    """Full-text search document; text on other databases."""

    __slots__ = ()


class ARRAY(ColumnType):
    """An array of `item_type`; JSON on other databases."""

    __slots__ = ()

    def __init__(self, item_type: ColumnType | type[ColumnType]) -> None:
        super().__init__(item_type() if isinstance(item_type, type) else item_type)


class Postgres:
    """Namespace: `Postgres.JSONB`, `Postgres.ARRAY(String())`."""

    JSONB = JSONB
    UUID = UUID
    TSVECTOR = TSVECTOR
    ARRAY = ARRAY
