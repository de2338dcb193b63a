"""The worker: `celery -A app.worker_main:celery_app worker`, once CELERY_BROKER_URL names a broker."""

from pathlib import Path

from loom.celery.auto import create_app

celery_app = create_app(Path(__file__).resolve().parents[2] / "config" / "api.yaml")
