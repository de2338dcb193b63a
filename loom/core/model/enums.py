"""The closed sets of words a model declaration uses."""

from enum import StrEnum


class Cardinality(StrEnum):
    """How many rows stand on each side of a relation."""

    ONE_TO_ONE = "one_to_one"
    ONE_TO_MANY = "one_to_many"
    MANY_TO_ONE = "many_to_one"
    MANY_TO_MANY = "many_to_many"

    @property
    def many(self) -> bool:
        """True where the loaded value is a list."""
        return self in (Cardinality.ONE_TO_MANY, Cardinality.MANY_TO_MANY)


class OnDelete(StrEnum):
    """What the database does with this row when the referenced row goes. The value is the SQL."""

    CASCADE = "CASCADE"
    RESTRICT = "RESTRICT"
    SET_NULL = "SET NULL"
    SET_DEFAULT = "SET DEFAULT"
    NO_ACTION = "NO ACTION"


class OnUpdate(StrEnum):
    """What the database does with this row when the referenced key changes. The value is the SQL."""

    CASCADE = "CASCADE"
    RESTRICT = "RESTRICT"
    SET_NULL = "SET NULL"
    SET_DEFAULT = "SET DEFAULT"
    NO_ACTION = "NO ACTION"


class ServerDefault(StrEnum):
    """A value the database gives a new row."""

    NOW = "now"
    UUID4 = "uuid4"


class ServerOnUpdate(StrEnum):
    """A value every update sets."""

    NOW = "now"
