"""Building a use case, job or callback: constructor injection by annotated type."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from loom.core.annotations import resolve_annotation
from loom.core.di import LoomContainer, ResolutionError
from loom.core.repository.abc.repo_for import RepoFor
from loom.core.use_case.use_case import UseCase, main_model

_PLAIN = (str, bytes, int, float, bool, list, dict, set, tuple, object)


class UseCaseFactory:
    """Makes a fresh instance per call, its constructor filled from the container."""

    def __init__(self, container: LoomContainer) -> None:
        self._container = container
        self._recipes: dict[type[Any], tuple[inspect.Parameter, ...]] = {}
        self._main_models: dict[type[Any], type[Any] | None] = {}

    def register(self, cls: type[Any]) -> None:
        """Read the constructor of `cls` once; missing bindings are not looked at before `build`."""
        if cls not in self._recipes:
            self._recipes[cls] = tuple(_constructor_parameters(cls))
            self._main_models[cls] = main_model(cls) if issubclass(cls, UseCase) else None

    def build(self, cls: type[Any]) -> Any:
        """Return a new `cls`.

        Raises:
            ResolutionError: a constructor parameter without default has no binding; the message names its type.
        """
        self.register(cls)
        arguments = {p.name: self._argument(p) for p in self._recipes[cls] if self._wanted(p)}
        instance = cls(**arguments)
        self._give_main_repo(instance, self._main_models[cls])
        return instance

    def _wanted(self, parameter: inspect.Parameter) -> bool:
        if not _injectable(parameter.annotation):
            return False
        return parameter.default is parameter.empty or self._bound(parameter.annotation)

    def _bound(self, annotation: Any) -> bool:
        if get_origin(annotation) is RepoFor:
            return self._container.has_repo_mapping(get_args(annotation)[0])
        return self._container.is_registered(annotation)

    def _argument(self, parameter: inspect.Parameter) -> Any:
        annotation = parameter.annotation
        if get_origin(annotation) is RepoFor:
            return self._container.resolve_repo(get_args(annotation)[0])
        return self._container.resolve(annotation)

    def _give_main_repo(self, instance: Any, model: type[Any] | None) -> None:
        """Set the main repository where a model is declared and the constructor did not."""
        if not isinstance(instance, UseCase) or instance._main_repo is not None:
            return
        if model is not None and self._container.has_repo_mapping(model):
            instance.main_repo = self._container.resolve_repo(model)


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


def _injectable(annotation: Any) -> bool:
    """A class or Protocol of the application's, or `RepoFor[Model]`; never a plain value type or a union."""
    if get_origin(annotation) is RepoFor:
        return True
    return isinstance(annotation, type) and annotation is not inspect.Parameter.empty and annotation not in _PLAIN


__all__ = ["ResolutionError", "UseCaseFactory"]
