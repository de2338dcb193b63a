"""What the workers of these tests run. Every effect is a row in `marks`: what happened, and the trace id it happened under."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from loom.core.command import Command
from loom.core.errors import Conflict
from loom.core.job.job import Job
from loom.core.job.service import JobService
from loom.core.model import BaseModel, ColumnField
from loom.core.tracing import get_trace_id
from loom.core.use_case import Input, LoadById
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.use_case import UseCase
from loom.rest.model import RestInterface


class Mark(BaseModel):
    __tablename__ = "marks"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    text: str = ColumnField(length=200)
    trace: str = ColumnField(length=64, default="")


class Order(Command):
    name: str
    how: str = "well"


class Line(Command):
    size: int


class _Marking:
    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def mark(self, text: str) -> None:
        await self._app.entity(Mark).create(payload={"text": text, "trace": get_trace_id() or ""})


class Work(_Marking, Job[dict[str, Any]]):
    """Marks every attempt outside of its transaction's fate, then does what `how` says."""

    __retries__ = 1

    async def execute(self, times: int, cmd: Order = Input()) -> dict[str, Any]:
        with Path(os.environ["SHOP_ATTEMPTS"]).open("a") as attempts:
            attempts.write(f"{cmd.name}\n")
        await self.mark(f"{cmd.name} x{times}")
        if cmd.how == "fails":
            raise LookupError("not in stock")
        if cmd.how == "conflicts":
            raise Conflict("somebody was faster")
        return {"name": cmd.name, "times": times}


class ReadMark(Job[str]):
    async def execute(self, mark_id: int, mark: Mark = LoadById(Mark, by="mark_id")) -> str:
        return mark.text


class Slow(_Marking, Job[None]):
    __timeout__ = 1

    async def execute(self, name: str) -> None:
        await self.mark(f"{name} half done")
        await asyncio.sleep(60)


class DiesOnce(Job[str]):
    """Takes its process with it the first time."""

    def execute(self, died: str) -> str:
        if not Path(died).exists():
            Path(died).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"


class Chain(Job[None]):
    """Asks for more work from within a worker."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, name: str) -> None:
        self._jobs.dispatch(Work, params={"times": 1}, payload={"name": name})


class Heard(_Marking):
    def on_success(self, job_id: str, result: Any, **context: Any) -> Any:
        return self.mark(f"heard {result['name']} of {context['name']}")

    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        await self.mark(f"heard {exc_type}: {exc_msg} of {context.get('name')}")


class OnlyFailure(_Marking):
    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        await self.mark(f"only heard {exc_type}")


class Ask(UseCase[Mark, Any]):
    """Dispatches what it is told to, then fails if it is told to."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, dispatches: list[Any], fail: bool = False) -> list[Any]:
        handles = [self._jobs.dispatch(job, **options) for job, options in dispatches]
        if fail:
            raise Conflict("rolled back")
        return handles


class MarkInterface(RestInterface[Mark]):
    prefix = "/marks"
    auto = True
