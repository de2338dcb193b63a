"""The store: three lines make the application; the rest puts believable data into an empty database."""

from pathlib import Path

from loom.rest.fastapi.auto import create_app

app = create_app(Path(__file__).parent / "config" / "api.yaml")

from app.seed import seed_on_first_start  # noqa: E402 - `app` is importable once create_app has found the code path

seed_on_first_start(app)
