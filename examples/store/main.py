"""The store: every pattern of loom in one application. Start it with `loom dev` in this directory."""

from pathlib import Path

from loom.rest.fastapi.auto import create_app

app = create_app(Path(__file__).resolve().with_name("config") / "api.yaml")

from app.seed import seeded  # noqa: E402 - create_app has just put src/ on sys.path

app.router.lifespan_context = seeded(app.router.lifespan_context)
