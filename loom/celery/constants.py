"""Names that the API and its workers must agree on."""

from enum import StrEnum
from typing import Any

TASK_JOB_PREFIX = "loom.job"
TASK_CALLBACK_PREFIX = "loom.callback"
TASK_CALLBACK_ERROR_PREFIX = "loom.callback_error"
QUEUE_DEFAULT = "default"


class WorkerManifestAttr(StrEnum):
    """The lists of a manifest that a worker reads; each is optional."""

    MODELS = "MODELS"
    USE_CASES = "USE_CASES"
    INTERFACES = "INTERFACES"
    JOBS = "JOBS"
    CALLBACKS = "CALLBACKS"


def job_task(job_type: type[Any]) -> str:
    """Return the name of the task that runs `job_type`."""
    return f"{TASK_JOB_PREFIX}.{job_type.__qualname__}"


def callback_task(callback: type[Any]) -> str:
    """Return the name of the task that calls `on_success` of `callback`."""
    return f"{TASK_CALLBACK_PREFIX}.{callback.__qualname__}"


def callback_error_task(callback: type[Any]) -> str:
    """Return the name of the task that calls `on_failure` of `callback`."""
    return f"{TASK_CALLBACK_ERROR_PREFIX}.{callback.__qualname__}"
