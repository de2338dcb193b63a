"""Background jobs: declaring them, asking for them, and learning how they ended."""

from loom.core.job.callback import JobCallback, NullJobCallback
from loom.core.job.config import JobConfig, apply_job_config
from loom.core.job.context import add_pending_dispatch, clear_pending_dispatches, flush_pending_dispatches
from loom.core.job.handle import JobFailedError, JobGroup, JobHandle, JobTimeoutError
from loom.core.job.job import Job
from loom.core.job.service import InlineJobService, JobService

__all__ = [
    "InlineJobService",
    "Job",
    "JobCallback",
    "JobConfig",
    "JobFailedError",
    "JobGroup",
    "JobHandle",
    "JobService",
    "JobTimeoutError",
    "NullJobCallback",
    "add_pending_dispatch",
    "apply_job_config",
    "clear_pending_dispatches",
    "flush_pending_dispatches",
]
