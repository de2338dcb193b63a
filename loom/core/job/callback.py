"""What runs after a job: a class built with its dependencies, told how the job ended. Either method may be missing."""

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from loom.core.job.outbox import Outbox

_outbox = Outbox()


@runtime_checkable
class JobCallback(Protocol):
    """Both methods, each sync or async; called with keywords, `context` being the dispatch's params and payload."""

    def on_success(self, job_id: str, result: Any, **context: Any) -> Any:
        """The job returned `result`."""

    def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> Any:
        """The job raised; `exc_type` is the class's qualified name."""


class NullJobCallback:
    """Does nothing."""

    def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        """Ignore the result."""

    def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        """Ignore the failure."""


def hears(callback: type[Any] | None, method: str) -> bool:
    """Return whether `callback` has `method`, "on_success" or "on_failure"."""
    return callback is not None and callable(getattr(callback, method, None))


async def call_back(callback: Any, method: str, outcome: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Tell a built callback how its job ended; what it raises comes out, and what it dispatched is then forgotten.

    A plain function runs in a worker thread, where it may block. The keywords of `outcome` win over the context's.
    """
    box = _outbox.open(is_run=False)
    try:
        await _call(getattr(callback, method), {**context, **outcome})
    except BaseException:
        _outbox.close(box)
        raise
    await _outbox.start(_outbox.close(box))


async def _call(function: Any, arguments: Mapping[str, Any]) -> None:
    if inspect.iscoroutinefunction(function):
        await function(**arguments)
        return
    answer = await asyncio.to_thread(function, **arguments)
    if inspect.isawaitable(answer):
        await answer


def dispatch_context(params: Mapping[str, Any] | None, payload: Any) -> dict[str, Any]:
    """Return the `context` of a dispatch: its params, and its payload over them."""
    return {**(params or {}), **(payload if isinstance(payload, Mapping) else {})}


def failure_of(error: BaseException) -> dict[str, str]:
    """Return `exc_type` and `exc_msg` of `error`."""
    return {"exc_type": type(error).__qualname__, "exc_msg": str(error)}
