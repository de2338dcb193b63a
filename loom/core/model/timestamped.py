"""Models whose rows remember when they were made and last changed."""

from datetime import datetime

from loom.core.model.base import BaseModel
from loom.core.model.enums import ServerDefault, ServerOnUpdate
from loom.core.model.field import ColumnField


class TimestampedModel(BaseModel):
    """Adds `created_at` and `updated_at`, both filled by the database."""

    created_at: datetime | None = ColumnField(nullable=True, server_default=ServerDefault.NOW)
    updated_at: datetime | None = ColumnField(
        nullable=True, server_default=ServerDefault.NOW, server_onupdate=ServerOnUpdate.NOW
    )
