"""From configuration to a worker: what it finds, registers and consumes, and what it refuses."""

import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery
from celery_shop import Heard, Mark, MarkInterface, ReadMark, Work

from loom.celery import (
    CeleryConfig,
    CeleryJobService,
    JobConfig,
    apply_job_config,
    bootstrap_worker,
    create_app,
    create_celery_app,
)
from loom.celery.config import read_celery_config
from loom.core.bootstrap import BootstrapError
from loom.core.config import ConfigError, WorkerSettings, load_config, read_worker_config
from loom.core.di import Scope
from loom.core.engine import CompilationError
from loom.core.job import InlineJobService, Job, JobService

BROKER = {"celery": {"broker_url": "memory://", "result_backend": "cache+memory://"}}
Make = Callable[..., Celery]


def ours(app: Celery) -> set[str]:
    return {name for name in app.tasks if name.startswith("loom.")}


@pytest.fixture
def restored() -> Iterator[type[Any]]:
    """A job whose options are as they were afterwards."""
    before = {name: vars(Work).get(name) for name in ("__queue__", "__retries__", "__timeout__")}
    yield Work
    for name, value in before.items():
        if value is None:
            delattr(Work, name) if name in vars(Work) else None
        else:
            setattr(Work, name, value)


def test_discovery_finds_jobs_and_callbacks(shop: Any, worker: Make) -> None:
    """Every job is a task, and every method of every callback."""
    expected = {f"loom.job.{name}" for name in ("Work", "ReadMark", "Slow", "DiesOnce", "Chain")}

    assert expected | {
        "loom.callback.Heard",
        "loom.callback_error.Heard",
        "loom.callback_error.OnlyFailure",
    } == ours(worker())


def test_given_jobs_are_the_jobs(shop: Any, worker: Make) -> None:
    """Callbacks are still found; other jobs are not."""
    tasks = ours(worker(jobs=[ReadMark]))

    assert ({"loom.job.ReadMark"}, True) == (
        {name for name in tasks if name.startswith("loom.job.")},
        "loom.callback.Heard" in tasks,
    )


def test_given_jobs_outlive_a_failing_discovery(shop: Any, worker: Make, caplog: pytest.LogCaptureFixture) -> None:
    """D48: what discovery stumbles over is logged, not swallowed."""
    shop.extra = {"app": {"name": "shop", "discovery": {"mode": "manifest", "manifest": {"module": "nowhere"}}}}

    app = worker(jobs=[Work], callbacks=[Heard], interfaces=[MarkInterface])

    assert {"loom.job.Work", "loom.callback.Heard", "loom.callback_error.Heard"} == ours(app)
    assert "nowhere" in caplog.text


def test_models_that_jobs_load_have_repositories() -> None:
    """With a database and no discovery, the models named by loads are enough."""
    result = bootstrap_worker({**BROKER, "database": {"url": "sqlite+aiosqlite://"}}, jobs=[ReadMark])

    assert result.container.has_repo_mapping(Mark)


def test_a_worker_needs_neither_database_nor_discovery() -> None:
    """Jobs at hand and a broker make a worker."""

    class Ping(Job[str]):
        def execute(self) -> str:
            return "pong"

    app = create_app(BROKER, jobs=[Ping])

    assert "pong" == app.tasks[f"loom.job.{Ping.__qualname__}"].apply().result
    app.loom_worker.close()


def test_modules_bind_what_jobs_need() -> None:
    """A job's constructor is filled from the worker's container."""

    class Printer:
        def say(self) -> str:
            return "printed"

    class Print(Job[str]):
        def __init__(self, printer: Printer) -> None:
            self._printer = printer

        def execute(self) -> str:
            return self._printer.say()

    app = create_app(BROKER, jobs=[Print], modules=[lambda c: c.register(Printer, Printer, Scope.APPLICATION)])

    assert "printed" == app.tasks[f"loom.job.{Print.__qualname__}"].apply().result
    app.loom_worker.close()


@pytest.mark.parametrize("config", [BROKER, {**BROKER, "app": {"discovery": {"modules": {"include": ["json"]}}}}])
def test_a_worker_without_jobs_is_an_error(config: dict[str, Any]) -> None:
    """Nothing listed, or nothing found: there is nothing to run."""
    with pytest.raises(RuntimeError, match="no job"):
        bootstrap_worker(config)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"app": {"name": "x"}}, "'celery' not found"),
        ({"celery": {"broker_url": None, "result_backend": "x"}}, "broker_url is empty"),
        ({"celery": {"broker_url": "memory://"}}, "result_backend"),
        ({"celery": {**BROKER["celery"], "worker_concurrency": "many"}}, "celery.worker_concurrency"),
        ({**BROKER, "jobs": {"Work": {"retries": -1}}}, "jobs"),
        ({**BROKER, "database": {}}, "database"),
    ],
)
def test_a_malformed_section_is_an_error(config: dict[str, Any], words: str) -> None:
    """D46: a worker's sections do not fall back to defaults because they are wrong."""
    with pytest.raises(ConfigError, match=words):
        bootstrap_worker(config, jobs=[Work])


def test_what_does_not_compile_is_reported_before_the_worker_starts() -> None:
    """Every problem of every job, at once."""

    class Broken(Job[None]):
        async def execute(self, cmd: int = __import__("loom.core.use_case", fromlist=["Input"]).Input()) -> None:
            """Take no command."""

    with pytest.raises(CompilationError, match="must implement from_payload"):
        bootstrap_worker(BROKER, jobs=[Broken])


def test_jobs_are_configured_before_they_are_registered(restored: type[Any], shop: Any, worker: Make) -> None:
    """`jobs.<ClassName>` decides retries and timeout of the task."""
    shop.extra = {"jobs": {"Work": {"queue": "elsewhere", "retries": 5, "timeout": 7}}}

    task = worker().tasks["loom.job.Work"]

    assert (5, 7, "elsewhere") == (task.max_retries, task.soft_time_limit, restored.__queue__)


def test_only_what_is_given_is_applied(restored: type[Any]) -> None:
    """Fields left open keep the class's value; a zero is a value."""
    apply_job_config(restored, JobConfig(retries=0))

    assert (0, "default", None) == (restored.__retries__, Job.__queue__, restored.__timeout__)


def test_a_job_nobody_knows_is_mentioned(shop: Any, worker: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt name in `jobs` is a warning with the likely one."""
    shop.extra = {"jobs": {"Wrok": {"retries": 5}}}

    worker()

    assert "did you mean 'Work'?" in caplog.text


def test_without_a_list_the_queues_are_those_of_the_jobs(shop: Any, worker: Make) -> None:
    """A job's queue is consumed without saying so twice."""

    class Special(Job[None]):
        __queue__ = "special"

        async def execute(self) -> None:
            """Do nothing."""

    app = create_app(BROKER, jobs=[Special])

    assert ["default", "special"] == [queue.name for queue in app.conf.task_queues]


def test_a_queue_nobody_consumes_is_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    """With a list, a job that waits elsewhere is a warning."""

    class Elsewhere(Job[None]):
        __queue__ = "elsewhere"

        async def execute(self) -> None:
            """Do nothing."""

    create_app({"celery": {**BROKER["celery"], "queues": ["default"]}}, jobs=[Elsewhere])

    assert "'elsewhere', which celery.queues does not list" in caplog.text


def test_a_celery_application_has_the_settings_of_its_section() -> None:
    """Each field is the setting of its name; queues are plain queues."""
    app = create_celery_app(
        CeleryConfig(broker_url="memory://", result_backend="cache+memory://", queues=["default", "mail"])
    )

    settings = ("broker_url", "worker_concurrency", "worker_prefetch_multiplier", "timezone", "task_default_queue")
    assert ["memory://", 4, 1, "UTC", "default"] == [app.conf[name] for name in settings]
    assert ["default", "mail"] == [queue.name for queue in app.conf.task_queues]


def test_the_default_queue_must_be_listed() -> None:
    """Callbacks wait there."""
    with pytest.raises(ValueError, match="default queue 'default'"):
        create_celery_app(CeleryConfig(broker_url="memory://", result_backend="x", queues=["mail"]))


@pytest.mark.parametrize("broker", [None, ""])
def test_a_section_without_a_broker_is_none(broker: str | None) -> None:
    """One variable left unset switches Celery off."""
    assert read_celery_config(load_config({"celery": {"broker_url": broker, "result_backend": "x"}})) is None


def test_a_worker_reads_little() -> None:
    """Name, database and discovery may all be missing; modules is how it looks for jobs."""
    settings = read_worker_config(load_config(BROKER))

    assert WorkerSettings(app=settings.app) == settings
    assert ("worker", "modules") == (settings.app.name, settings.app.discovery.mode)


def test_two_applications_do_not_share_tasks(shop: Any, worker: Make) -> None:
    """Tasks belong to the application they were made for."""
    first, second = worker(), create_app(BROKER, jobs=[Work])

    assert ("loom.job.Chain" in first.tasks, "loom.job.Chain" in second.tasks) == (True, False)


def test_a_worker_has_a_job_service_for_its_jobs(shop: Any) -> None:
    """D48: what runs in a worker may dispatch."""
    assert isinstance(bootstrap_worker(shop.config).container.resolve(JobService), JobService)


def test_bootstrapping_says_nothing_by_itself(shop: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A good configuration gives no warning."""
    with caplog.at_level(logging.WARNING):
        bootstrap_worker(shop.config)

    assert "" == caplog.text


def test_a_binding_that_cannot_be_made_stops_the_worker(shop: Any) -> None:
    """The error names it."""

    class Gone:
        def __init__(self) -> None:
            raise OSError("no device")

    with pytest.raises(BootstrapError, match=r"Gone.*no device"):
        bootstrap_worker(shop.config, modules=[lambda c: c.register(Gone, Gone, Scope.APPLICATION)])


def test_an_api_without_celery_runs_jobs_itself(
    shop: Any, api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the extra is not installed, the section is a warning and jobs are inline."""
    monkeypatch.setitem(sys.modules, "loom.celery.config", None)

    service = api().state.loom.kernel.container.resolve(JobService)

    assert (InlineJobService, True) == (type(service), "extra 'celery'" in caplog.text)


def test_an_api_with_a_broker_sends(api: Any) -> None:
    """A section with a broker is Celery's job service."""
    assert isinstance(api().state.loom.kernel.container.resolve(JobService), CeleryJobService)


def test_an_api_whose_section_names_no_broker_runs_jobs_itself(shop: Any, api: Any) -> None:
    """One variable left unset, and nothing is sent."""
    shop.broker = ""

    assert isinstance(api().state.loom.kernel.container.resolve(JobService), InlineJobService)
