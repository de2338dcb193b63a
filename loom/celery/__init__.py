"""Jobs on Celery: sending them from the API, running them in a worker."""

from loom.celery.auto import create_app
from loom.celery.bootstrap import WorkerBootstrapResult, bootstrap_worker
from loom.celery.config import CeleryConfig, JobConfig, apply_job_config, create_celery_app
from loom.celery.constants import (
    QUEUE_DEFAULT,
    TASK_CALLBACK_ERROR_PREFIX,
    TASK_CALLBACK_PREFIX,
    TASK_JOB_PREFIX,
    WorkerManifestAttr,
)
from loom.celery.event_loop import WorkerEventLoop
from loom.celery.service import CeleryJobService

__all__ = [
    "QUEUE_DEFAULT",
    "TASK_CALLBACK_ERROR_PREFIX",
    "TASK_CALLBACK_PREFIX",
    "TASK_JOB_PREFIX",
    "CeleryConfig",
    "CeleryJobService",
    "JobConfig",
    "WorkerBootstrapResult",
    "WorkerEventLoop",
    "WorkerManifestAttr",
    "apply_job_config",
    "bootstrap_worker",
    "create_app",
    "create_celery_app",
]
