"""What a use case is: declared inputs, computes and rules around one `execute`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

from loom.core.annotations import resolve_signatures
from loom.core.repository.abc.repo_for import RepoFor

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


class UseCase(ABC, Generic[ModelT, ResultT]):
    """One thing the application does for a caller. Write `UseCase[Model, Result]` and override `execute`.

    Attributes:
        computes: derivations of the command, run in order, before any rule.
        rules: judgements over the command; all run, all violations are reported.
        read_only: runs without a unit of work.
    """

    __loom_kind__: ClassVar[str] = "use_case"
    __execution_plan__: ClassVar[Any] = None
    computes: ClassVar[Sequence[Any]] = ()
    rules: ClassVar[Sequence[Any]] = ()
    read_only: ClassVar[bool] = False
    _main_repo: Any = None

    def __class_getitem__(cls, item: Any) -> Any:
        """`UseCase[Result]` means `UseCase[Any, Result]`."""
        pair = item if isinstance(item, tuple) else (Any, item)
        return super().__class_getitem__(pair)  # type: ignore[misc]  # Generic's own hook has no stub

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__execution_plan__ = None  # a plan belongs to exactly one class
        resolve_signatures(cls, "execute", "__init__")

    def __init__(self, main_repo: Any = None) -> None:
        self._main_repo = main_repo

    @property
    def main_repo(self) -> RepoFor[Any]:
        """The repository of `Model`.

        Raises:
            RuntimeError: none was injected: the class has no model, or nobody built it through the factory.
        """
        if self._main_repo is None:
            raise RuntimeError(f"{type(self).__name__} has no main repository; is it declared as UseCase[Model, ...]?")
        repo: RepoFor[Any] = self._main_repo
        return repo

    @main_repo.setter
    def main_repo(self, repo: Any) -> None:
        self._main_repo = repo

    @abstractmethod
    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work; parameters are bound by name from params, `Input`, loads and existence checks."""


def main_model(cls: type[Any]) -> type[Any] | None:
    """Return the model class a use case names as its first argument; None for `Any`, `object` and non-models."""
    for base in _generic_bases(cls):
        arguments = get_args(base)
        if len(arguments) == 2 and isinstance(arguments[0], type) and hasattr(arguments[0], "__struct_fields__"):
            return arguments[0]
    return None


def result_type(cls: type[Any]) -> Any:
    """Return the result a use case names as its second argument; Any where it names none."""
    return next((get_args(base)[1] for base in _generic_bases(cls) if len(get_args(base)) == 2), Any)


def _generic_bases(cls: type[Any]) -> list[Any]:
    return [
        base
        for owner in cls.__mro__
        for base in owner.__dict__.get("__orig_bases__", ())
        if isinstance(get_origin(base), type) and issubclass(get_origin(base), UseCase)
    ]
