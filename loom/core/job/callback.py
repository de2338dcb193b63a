"""What runs after a job: a class built with its dependencies, told how the job ended. Either method may be missing."""

from typing import Any, Protocol, runtime_checkable


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
