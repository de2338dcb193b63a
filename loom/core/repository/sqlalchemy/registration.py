"""Which repository class serves a model, and putting one instance per model into a container.

A registration lives on the decorated class. Finding one walks the subclasses Python keeps anyway; there is no registry.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from loom.core.di import LoomContainer, Scope
from loom.core.repository.sqlalchemy.repository import RepositorySQLAlchemy
from loom.core.repository.sqlalchemy.session import SessionManager

ClassT = TypeVar("ClassT", bound=type[Any])


class RepositoryRegistration(Struct, frozen=True):
    """A custom repository.

    Attributes:
        model: what it stores.
        repository_type: the class that does.
        contract: the Protocol business code asks for it by; None where it has none.
    """

    model: type[Any]
    repository_type: type[Any]
    contract: type[Any] | None = None


class RepositoryToken(Struct, frozen=True):
    """The key a container keeps the repository of `model` under."""

    model: type[Any]


def repository_for(model: type[Any], *, contract: type[Any] | None = None) -> Callable[[ClassT], ClassT]:
    """Make the decorated repository class the one of `model`, in every application that is built afterwards.

    Args:
        contract: a Protocol; a constructor parameter of that type gets the repository.

    Raises:
        TypeError: the class does not inherit RepositorySQLAlchemy.
        RuntimeError: another class serves the model, or the contract stands for another model.
    """

    def register(cls: ClassT) -> ClassT:
        if not issubclass(cls, RepositorySQLAlchemy):
            raise TypeError(f"{cls!r} must inherit RepositorySQLAlchemy")
        for known in _registrations():
            _check(known, cls, model, contract)
        cls.__loom_registration__ = RepositoryRegistration(model, cls, contract)  # type: ignore[attr-defined]  # kept on the class
        return cls

    return register


def get_repository_registration(model: type[Any]) -> RepositoryRegistration | None:
    """Return what `repository_for` said about `model`, or None."""
    return next((known for known in reversed(list(_registrations())) if known.model is model), None)


def build_repository_registration_module(
    session_manager: SessionManager, models: Iterable[type[Any]], *, wrap: Callable[[Any], Any] | None = None
) -> Callable[[LoomContainer], None]:
    """Return a module that registers `session_manager` and one repository per model, of the registered class if any.

    The instance answers to `resolve_repo(model)`, to its contract and to its own class.

    Args:
        wrap: puts something around each repository: a cache.
    """
    chosen = tuple(models)

    def register(container: LoomContainer) -> None:
        container.register(SessionManager, lambda: session_manager, Scope.APPLICATION)
        for model in chosen:
            _register(container, session_manager, model, wrap)

    return register


def _register(
    container: LoomContainer, session_manager: SessionManager, model: type[Any], wrap: Callable[[Any], Any] | None
) -> None:
    registration = get_repository_registration(model) or RepositoryRegistration(model, RepositorySQLAlchemy)
    token, kind = RepositoryToken(model), registration.repository_type

    def make() -> Any:
        repository = kind(session_manager=session_manager, model=model)
        return repository if wrap is None else wrap(repository)

    container.register(token, make, Scope.APPLICATION)
    container.register_repo(model, token)
    for key in (registration.contract, kind):
        if key is not None and key is not RepositorySQLAlchemy:
            container.register(key, partial(container.resolve, token), Scope.APPLICATION)  # type: ignore[arg-type]  # a class is hashable


def _check(known: RepositoryRegistration, cls: type[Any], model: type[Any], contract: type[Any] | None) -> None:
    """A module that is imported anew declares the same class again; that replaces the old one."""
    mine, theirs = _place(cls), _place(known.repository_type)
    if known.model is model and mine != theirs:
        raise RuntimeError(f"{model.__name__} is served by {theirs} already, not by {mine}")
    if contract is not None and known.contract is contract and known.model is not model and mine != theirs:
        raise RuntimeError(f"{contract.__name__} stands for the repository of {known.model.__name__} already")


def _place(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _registrations() -> Iterator[RepositoryRegistration]:
    """Every one, those declared first first."""
    stack: list[type[Any]] = [RepositorySQLAlchemy]
    while stack:
        cls = stack.pop(0)
        registration = vars(cls).get("__loom_registration__")
        if registration is not None:
            yield registration
        stack.extend(cls.__subclasses__())
