"""The price records table."""

from loom.core.model import ColumnField, TimestampedModel


class Record(TimestampedModel):
    """A price agreement previews are made under."""

    __tablename__ = "pricing_records"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=120)
    currency: str = ColumnField(length=3, default="EUR")
