"""What a caller holds after asking for background work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loom.core.errors import LoomError

NOT_STARTED = "it starts once the use case that dispatched it has committed, so wait after that"


class JobTimeoutError(LoomError):
    """The job did not finish in time, or has not started because the use case has not committed yet."""

    def __init__(self, job_id: str, timeout: float | None = None, *, hint: str = "") -> None:
        super().__init__(f"job {job_id} has not finished{hint and f': {hint}'}", code="job_timeout")
        self.job_id = job_id
        self.timeout = timeout


class JobFailedError(LoomError):
    """The job raised; `cause` is what it raised."""

    def __init__(self, job_id: str, cause: BaseException | None = None) -> None:
        reason = f": {type(cause).__qualname__}" if cause is not None else ""
        super().__init__(f"job {job_id} failed{reason}", code="job_failed")
        self.job_id = job_id
        self.cause = cause


@dataclass(frozen=True)
class JobHandle:
    """A dispatched job.

    Attributes:
        job_id: UUID4 text, fresh per dispatch.
        queue: the queue it waits in.
        dispatched_at: aware UTC.
    """

    job_id: str
    queue: str
    dispatched_at: datetime
    _async_result: Any = field(default=None, compare=False, repr=False)
    _inline_result_holder: list[Any] | None = field(default=None, compare=False, repr=False)

    def wait(self, timeout: float | None = None) -> Any:
        """Return the job's result.

        Args:
            timeout: seconds to wait where the job runs elsewhere; an inline job has finished or will not.

        Raises:
            JobTimeoutError: it has not run yet, or not within `timeout`.
            JobFailedError: it raised.
        """
        if self._async_result is not None:
            return self._outcome(lambda: self._async_result.get(timeout=timeout), timeout)
        if not self._inline_result_holder:
            raise JobTimeoutError(self.job_id, timeout, hint=NOT_STARTED)
        outcome = self._inline_result_holder[0]
        if isinstance(outcome, JobFailedError):
            raise outcome
        return outcome

    def _outcome(self, get: Callable[[], Any], timeout: float | None) -> Any:
        try:
            return get()
        except Exception as error:
            if type(error).__name__ == "TimeoutError":
                raise JobTimeoutError(self.job_id, timeout, hint=str(error)) from error
            raise JobFailedError(self.job_id, error) from error


@dataclass(frozen=True)
class JobGroup:
    """Jobs dispatched together, in the order given."""

    handles: tuple[JobHandle, ...]

    def wait_all(self, timeout: float | None = None) -> list[Any]:
        """Return every result in order; raises as `JobHandle.wait` does."""
        return [handle.wait(timeout) for handle in self.handles]

    def then(self, *_: Any, **__: Any) -> Any:
        """Chaining is not offered.

        Raises:
            NotImplementedError: always; what follows a group is a callback of `dispatch_parallel`.
        """
        raise NotImplementedError("give dispatch_parallel its on_all_success or on_any_failure instead")
