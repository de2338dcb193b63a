"""`create_app`: from configuration to the Celery application that `celery -A app.worker_main:celery_app worker` runs."""

from collections.abc import Sequence
from typing import Any

from celery import Celery

from loom.celery.bootstrap import bootstrap_worker
from loom.core.bootstrap import Module
from loom.core.config.loader import ConfigSource
from loom.core.observe import Observer


def create_app(
    *config_paths: ConfigSource,
    jobs: Sequence[type[Any]] = (),
    callbacks: Sequence[type[Any]] = (),
    modules: Sequence[Module] = (),
    metrics: Observer | None = None,
) -> Celery:
    """Return the Celery application of a worker; see `bootstrap_worker` for arguments and errors."""
    return bootstrap_worker(*config_paths, jobs=jobs, callbacks=callbacks, modules=modules, metrics=metrics).celery_app
