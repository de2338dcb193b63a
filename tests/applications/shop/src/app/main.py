from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from loom.rest.fastapi.auto import create_app as loom_app

_CONFIG = Path(__file__).resolve().parents[2] / "config" / "api.yaml"


def create_app() -> FastAPI:
    return loom_app(str(_CONFIG))


app = create_app()
