"""What a job is: a use-case-like executor that runs after the commit that asked for it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from loom.core.annotations import resolve_signatures

ResultT = TypeVar("ResultT")


class Job(ABC, Generic[ResultT]):
    """Background work. Takes the same markers, computes and rules as a use case; `execute` may be sync or async.

    Attributes:
        __queue__: queue it waits in.
        __retries__: further attempts after a failure.
        __countdown__: seconds to wait before the first attempt.
        __timeout__: seconds an attempt may take; None = no limit.
        __priority__: higher runs first.
    """

    __loom_kind__: ClassVar[str] = "job"
    __execution_plan__: ClassVar[Any] = None
    __queue__: ClassVar[str] = "default"
    __retries__: ClassVar[int] = 0
    __countdown__: ClassVar[int] = 0
    __timeout__: ClassVar[int | None] = None
    __priority__: ClassVar[int] = 0
    computes: ClassVar[Sequence[Any]] = ()
    rules: ClassVar[Sequence[Any]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__execution_plan__ = None  # a plan belongs to exactly one class
        resolve_signatures(cls, "execute", "__init__")

    @abstractmethod
    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work; parameters are bound as in a use case."""
