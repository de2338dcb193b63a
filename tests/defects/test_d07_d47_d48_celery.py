"""D7, D47, D48: eager mode runs jobs, business failures are final and names unique, a worker has what its jobs need."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from loom.celery import bootstrap_worker
from loom.core.bootstrap import BootstrapError
from loom.core.errors import NotFound, RuleViolation, RuleViolations
from loom.core.job import Job, JobService
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface

BROKER: dict[str, Any] = {"broker_url": "memory://", "result_backend": "cache+memory://"}
HEARD: list[Any] = []


class Thing(BaseModel):
    __tablename__ = "things"
    id: int = ColumnField(primary_key=True, autoincrement=True)


class Things(RestInterface[Thing]):
    prefix = "/things"
    auto = True


class Count(Job[int]):
    __retries__ = 3

    def execute(self, how: str = "well") -> int:
        HEARD.append("ran")
        if how != "well":
            raise {
                "missing": NotFound("Thing", id=1),
                "rules": RuleViolations([RuleViolation("how", "badly")]),
                "crash": LookupError("crash"),
            }[how]
        return 7


class Heard:
    def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        HEARD.append(("success", result))


class Ask(UseCase[Any, Any]):
    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self) -> Any:
        return self._jobs.dispatch(Count, on_success=Heard)


class AskFromAJob(Job[None]):
    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self) -> None:
        self._jobs.dispatch(Count)


@pytest.fixture(autouse=True)
def _nothing_heard() -> None:
    HEARD.clear()


@pytest.fixture
def worker() -> Iterator[Any]:
    """Make a worker; closed afterwards."""
    made: list[Celery] = []

    def make(*jobs: type[Any], **celery: Any) -> Celery:
        made.append(bootstrap_worker({"celery": {**BROKER, **celery}}, jobs=jobs).celery_app)
        return made[-1]

    yield make
    for app in made:
        app.loom_worker.close()


async def test_d07_an_eager_api_runs_its_jobs(tmp_path: Path) -> None:
    """After the commit the job has run and its callback knows; no worker is there, and nothing is sent."""
    app = create_app(
        {
            "app": {"name": "eager"},
            "database": {"url": f"sqlite+aiosqlite:///{tmp_path / 'd.db'}"},
            "celery": {**BROKER, "task_always_eager": True},
        },
        interfaces=[Things],
    )
    async with app.router.lifespan_context(app):
        handle = await app.state.loom.kernel.app.invoke(Ask)

    assert (7, ["ran", ("success", 7)]) == (handle.wait(), HEARD)


def test_d07_an_eager_worker_runs_what_its_jobs_ask_for(worker: Any) -> None:
    """A job called eagerly and the job it dispatches both run."""
    worker(AskFromAJob, task_always_eager=True).tasks["loom.job.AskFromAJob"].apply()

    assert ["ran"] == HEARD


@pytest.mark.parametrize(("how", "attempts"), [("missing", 1), ("rules", 1), ("crash", 4)])
def test_d47_business_failures_are_not_tried_again(worker: Any, how: str, attempts: int) -> None:
    """A DomainError ends the job; anything else uses up its retries."""
    worker(Count).tasks["loom.job.Count"].apply(kwargs={"params": {"how": how}})

    assert ["ran"] * attempts == HEARD


def test_d47_two_jobs_of_one_name_are_refused(worker: Any) -> None:
    """The error names both classes."""
    other = type("Count", (Job,), {"execute": lambda self: None, "__module__": "elsewhere.jobs"})

    with pytest.raises(BootstrapError, match=rf"{__name__}.Count and elsewhere.jobs.Count"):
        worker(Count, other)


def test_d48_code_path_is_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker finds its modules as the API does: from the configuration alone."""
    (tmp_path / "config").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "config" / "worker.yaml").write_text(
        "app: {name: w, code_path: ../src, discovery: {modules: {include: [d48_jobs]}}}\n"
        "celery: {broker_url: 'memory://', result_backend: 'cache+memory://'}\n"
    )
    (tmp_path / "src" / "d48_jobs.py").write_text(
        "from loom.core.job.job import Job\nclass Far(Job[int]):\n    def execute(self) -> int:\n        return 1\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    app = bootstrap_worker(tmp_path / "config" / "worker.yaml").celery_app

    assert "loom.job.Far" in app.tasks
    del sys.modules["d48_jobs"]


def test_d48_a_worker_has_a_job_service(worker: Any) -> None:
    """A job that needs one can be built."""
    worker_app = worker(AskFromAJob)

    assert isinstance(worker_app.loom_worker.kernel.container.resolve(JobService), JobService)


def test_d48_a_failing_discovery_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Given jobs run all the same, and the log says what is missing."""
    discovery = {"mode": "modules", "modules": {"include": ["d48_nowhere"]}}
    with caplog.at_level(logging.ERROR):
        app = bootstrap_worker({"celery": BROKER, "app": {"discovery": discovery}}, jobs=[Count]).celery_app

    assert (True, True) == ("loom.job.Count" in app.tasks, "d48_nowhere" in caplog.text)
