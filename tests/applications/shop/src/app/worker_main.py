from __future__ import annotations

from pathlib import Path

from loom.celery.auto import create_app

celery_app = create_app(str(Path(__file__).resolve().parents[2] / "config" / "api.yaml"))
