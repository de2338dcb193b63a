"""The addresses table."""

from loom.core.model import ColumnField, OnDelete, TimestampedModel


class Address(TimestampedModel):
    """A place a user can be reached at; goes with the user."""

    __tablename__ = "addresses"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    user_id: int = ColumnField(foreign_key="users.id", on_delete=OnDelete.CASCADE, index=True)
    city: str = ColumnField(length=120)
    country: str = ColumnField(length=120)
