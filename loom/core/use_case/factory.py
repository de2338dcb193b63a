"""Building a use case, job or callback: constructor injection by annotated type."""

import inspect
import sys
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from msgspec import Struct

from loom.core.annotations import resolve_annotation
from loom.core.di import LoomContainer, ResolutionError
from loom.core.repository.abc.repo_for import RepoFor
from loom.core.use_case.use_case import UseCase, main_model

_PLAIN = (str, bytes, int, float, bool, list, dict, set, tuple, object)


class _Wish(Struct, frozen=True):
    """One constructor parameter that can be filled.

    Attributes:
        key: what fills it: a class, a Protocol or `RepoFor[Model]`.
        required: without a binding the instance cannot be built.
        none: without a binding it is None; otherwise its default counts.
    """

    name: str
    key: Any
    required: bool
    none: bool


class UseCaseFactory:
    """Makes a fresh instance per call, its constructor filled from the container."""

    def __init__(self, container: LoomContainer) -> None:
        self._container = container
        self._recipes: dict[type[Any], tuple[_Wish, ...]] = {}
        self._main_models: dict[type[Any], type[Any] | None] = {}

    def register(self, cls: type[Any]) -> None:
        """Read the constructor of `cls` once; missing bindings are not looked at before `build`."""
        if cls not in self._recipes:
            self._recipes[cls] = tuple(_wishes(cls))
            self._main_models[cls] = main_model(cls) if issubclass(cls, UseCase) else None

    def build(self, cls: type[Any]) -> Any:
        """Return a new `cls`.

        A parameter is filled by its type. Where that has no binding, its default counts; `X | None` without a default is
        None then. Parameters of plain value types are left to their defaults.

        Raises:
            ResolutionError: a constructor parameter without default has no binding; the message names its type.
        """
        self.register(cls)
        instance = cls(**dict(self._arguments(cls)))
        self._give_main_repo(instance, self._main_models[cls])
        return instance

    def _arguments(self, cls: type[Any]) -> Iterator[tuple[str, Any]]:
        for wish in self._recipes[cls]:
            if wish.required or self._bound(wish.key):
                yield wish.name, self._argument(wish.key)
            elif wish.none:
                yield wish.name, None

    def _bound(self, annotation: Any) -> bool:
        if get_origin(annotation) is RepoFor:
            return self._container.has_repo_mapping(get_args(annotation)[0])
        return self._container.is_registered(annotation)

    def _argument(self, annotation: Any) -> Any:
        if get_origin(annotation) is RepoFor:
            return self._container.resolve_repo(get_args(annotation)[0])
        return self._container.resolve(annotation)

    def _give_main_repo(self, instance: Any, model: type[Any] | None) -> None:
        """Set the main repository where a model is declared and the constructor did not."""
        if not isinstance(instance, UseCase) or instance._main_repo is not None:
            return
        if model is not None and self._container.has_repo_mapping(model):
            instance.main_repo = self._container.resolve_repo(model)


def _wishes(cls: type[Any]) -> Iterator[_Wish]:
    for parameter in _constructor_parameters(cls):
        key, has_default = _without_none(parameter.annotation), parameter.default is not parameter.empty
        optional = key is not parameter.annotation
        if _injectable(key):
            yield _Wish(parameter.name, key, not (has_default or optional), optional and not has_default)


def _constructor_parameters(cls: type[Any]) -> Iterator[inspect.Parameter]:
    init = cls.__init__
    if init in (object.__init__, UseCase.__init__):
        return
    module, local = init.__module__, _closure(init)
    for parameter in list(inspect.signature(init).parameters.values())[1:]:
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield parameter.replace(annotation=resolve_annotation(parameter.annotation, module, local))


def _closure(function: Any) -> dict[str, Any]:
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None) or ()
    if code is None or function.__module__ not in sys.modules:
        return {}
    return {name: cell.cell_contents for name, cell in zip(code.co_freevars, cells, strict=True)}


def _without_none(annotation: Any) -> Any:
    """`X` of `X | None`; every other annotation as it is."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    kept = [each for each in get_args(annotation) if each is not NoneType]
    return kept[0] if len(kept) == 1 else annotation


def _injectable(annotation: Any) -> bool:
    """A class or Protocol of the application's, or `RepoFor[Model]`; never a plain value type or a union."""
    if get_origin(annotation) is RepoFor:
        return True
    return isinstance(annotation, type) and annotation is not inspect.Parameter.empty and annotation not in _PLAIN


__all__ = ["ResolutionError", "UseCaseFactory"]
