"""The products table."""

from loom.core.model import ColumnField, TimestampedModel


class Product(TimestampedModel):
    """Something on the shelf. Prices are in cents."""

    __tablename__ = "products"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    sku: str = ColumnField(length=32, unique=True, index=True)
    name: str = ColumnField(length=160)
    category: str = ColumnField(length=120, index=True)
    price_cents: int = ColumnField()
    stock: int = ColumnField(default=0)
