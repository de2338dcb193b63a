"""The smallest application: one model, five routes."""

from loom.core.model import BaseModel, ColumnField
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface


class Note(BaseModel):
    """Something worth keeping."""

    __tablename__ = "notes"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=120)
    body: str = ColumnField(default="")


class NoteInterface(RestInterface[Note]):
    """Create, read, list, change and delete notes."""

    prefix = "/notes"
    tags = ("Notes",)
    auto = True


app = create_app(
    {"app": {"name": "hello"}, "database": {"url": "sqlite+aiosqlite:///hello.db"}},
    interfaces=[NoteInterface],
)
