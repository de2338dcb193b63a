"""Records that prices are previewed for."""

from loom.core.model import BaseModel, ColumnField


class Record(BaseModel):
    """A quote in the making."""

    __tablename__ = "records"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=160)
