"""The `celery` section of a configuration, and the Celery application it describes."""

from typing import Any

from celery import Celery
from kombu.entity import Queue
from msgspec import Struct, field, structs
from omegaconf import DictConfig

from loom.celery.constants import QUEUE_DEFAULT
from loom.core.config import ConfigError, names_broker, section
from loom.core.job.config import JobConfig, apply_job_config

__all__ = ["CeleryConfig", "JobConfig", "apply_job_config", "create_celery_app", "read_celery_config"]

# Seconds. A message Redis handed out is handed out again after the first; a job must not take longer.
_REDIS = {
    "visibility_timeout": 3600,
    "health_check_interval": 25,
    "socket_keepalive": True,
    "socket_connect_timeout": 3,
}
# A message is only sent once the broker says it has it.
_AMQP = {"confirm_publish": True}


class CeleryConfig(Struct, kw_only=True):
    """`celery`. Each field is Celery's setting of that name; Celery's documentation has the details.

    Attributes:
        broker_url: where messages wait; required.
        result_backend: where results are kept; required.
        worker_concurrency: jobs a worker runs at a time.
        worker_max_tasks_per_child: jobs after which a worker process is replaced.
        worker_prefetch_multiplier: messages a worker process holds beyond the one it works on, as a factor.
        task_always_eager: run everything in the calling process, right after the commit; the broker is not used.
        timezone: of times in messages.
        enable_utc: send times in UTC.
        task_serializer: format of messages.
        result_serializer: format of results.
        accept_content: formats a worker takes.
        queues: queues a worker consumes; by default those of its jobs.
        task_default_queue: queue of callbacks, and of jobs that name none.
    """

    broker_url: str
    result_backend: str
    worker_concurrency: int = 4
    worker_max_tasks_per_child: int = 1000
    worker_prefetch_multiplier: int = 1
    task_always_eager: bool = False
    timezone: str = "UTC"
    enable_utc: bool = True
    task_serializer: str = "json"
    result_serializer: str = "json"
    accept_content: list[str] = field(default_factory=lambda: ["json"])
    queues: list[str] = field(default_factory=list)
    task_default_queue: str = QUEUE_DEFAULT


def read_celery_config(config: DictConfig) -> CeleryConfig | None:
    """Return the `celery` section; None where it is missing, or names no broker: jobs then run without one.

    Raises:
        ConfigError: the section does not fit; the message names the key.
    """
    if not names_broker(config):
        return None
    return section(config, "celery", CeleryConfig)


def create_celery_app(config: CeleryConfig) -> Celery:
    """Return the Celery application of `config`; nothing connects yet, and it does not become the current one.

    Raises:
        ValueError: `queues` is given without the default queue.
    """
    app = Celery("loom", set_as_current=False)
    app.conf.update(
        **{name: value for name, value in structs.asdict(config).items() if name != "queues"},
        **_queues(config),
        broker_transport_options=_transport_options(config.broker_url),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
    )
    return app


def _queues(config: CeleryConfig) -> dict[str, Any]:
    if not config.queues:
        return {}
    if config.task_default_queue not in config.queues:
        raise ValueError(f"celery.queues must list the default queue {config.task_default_queue!r}")
    return {"task_queues": queues_of(config.queues)}


def queues_of(names: list[str]) -> list[Queue]:
    """Return a queue of each name, in order."""
    return [Queue(name, routing_key=name) for name in names]  # type: ignore[no-untyped-call]  # kombu has no types


def _transport_options(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith(("redis", "sentinel")):
        return dict(_REDIS)
    return dict(_AMQP) if broker_url.startswith(("amqp", "pyamqp")) else {}


def require_celery_config(config: DictConfig) -> CeleryConfig:
    """Return the `celery` section, which a worker cannot do without.

    Raises:
        ConfigError: it is missing, names no broker, or does not fit.
    """
    found = read_celery_config(config)
    if found is None:
        section(config, "celery", dict[str, Any])
        raise ConfigError("a worker needs a broker, and celery.broker_url is empty", where="celery.broker_url")
    return found
