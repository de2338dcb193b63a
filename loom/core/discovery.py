"""Which classes an application is made of: found in modules, listed in a manifest, or reached from interfaces.

Kinds are recognised by the `__loom_kind__` mark of their base classes, so this module depends on none of them.
"""

import importlib
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Protocol

from loom.core.config.errors import ConfigError
from loom.core.errors import did_you_mean
from loom.core.use_case.use_case import main_model

_BASE_PACKAGE = "loom."


@dataclass(frozen=True)
class DiscoveryResult:
    """What was found, each once, in order."""

    models: tuple[type[Any], ...] = ()
    use_cases: tuple[type[Any], ...] = ()
    interfaces: tuple[type[Any], ...] = ()
    jobs: tuple[type[Any], ...] = ()


class DiscoveryEngine(Protocol):
    """One way of finding."""

    def discover(self) -> DiscoveryResult:
        """Import what must be imported and return what is there."""
        ...


class ModulesDiscoveryEngine:
    """Everything defined in the listed modules, and the use cases their interfaces name."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules

    def discover(self) -> DiscoveryResult:
        """Import each module and collect what it defines.

        Raises:
            ValueError: the list is empty.
            ConfigError: a listed module does not exist.
        """
        if not self._modules:
            raise ValueError("modules discovery needs at least one module")
        return _result(cls for name in self._modules for cls in _own_classes(import_module(name)))


class ManifestDiscoveryEngine:
    """What a manifest module lists in MODELS, USE_CASES, INTERFACES, JOBS; REPOSITORIES are imported for effect."""

    def __init__(self, module: str) -> None:
        self._module = module

    def discover(self) -> DiscoveryResult:
        """Import the manifest and return its lists.

        Raises:
            ValueError: it exposes no components.
            TypeError: an entry of REPOSITORIES is no repository.
        """
        module = import_module(self._module)
        lists = {name: _listed(module, name) for name in ("MODELS", "USE_CASES", "INTERFACES", "JOBS", "REPOSITORIES")}
        if not any(lists.values()):
            raise ValueError(f"manifest {self._module!r} exposes no components")
        for repository in lists.pop("REPOSITORIES"):
            if getattr(repository, "__loom_kind__", "") != "repository":
                raise TypeError(f"{repository!r} in REPOSITORIES must inherit RepositorySQLAlchemy")
        return _result(cls for entries in lists.values() for cls in entries)


class InterfacesDiscoveryEngine:
    """Interfaces of the listed modules, their use cases, and the models those name."""

    def __init__(self, modules: Sequence[str], *, warn_recommended: bool = True) -> None:
        self._modules = modules
        self._warn = warn_recommended

    def discover(self) -> DiscoveryResult:
        """Import each module and follow its interfaces.

        Raises:
            ValueError: there is no interface.
        """
        found = _result(
            cls for name in self._modules for cls in _own_classes(import_module(name)) if _kind(cls) == "interface"
        )
        if not found.interfaces:
            raise ValueError("interfaces discovery found no RestInterface")
        if self._warn:
            warnings.warn("interfaces discovery infers models; manifest mode lists them", stacklevel=2)
        models = (main_model(use_case) for use_case in found.use_cases)
        return DiscoveryResult(_unique(m for m in models if m is not None), found.use_cases, found.interfaces)


def classes_of(interfaces: Iterable[type[Any]]) -> DiscoveryResult:
    """Return what `interfaces` reach: themselves, their use cases, and the models those name."""
    found = _result(interfaces)
    models = (main_model(use_case) for use_case in found.use_cases)
    return DiscoveryResult(_unique(m for m in models if m is not None), found.use_cases, found.interfaces)


def import_module(name: str) -> ModuleType:
    """Return the module `name`; one that is being imported right now counts.

    Raises:
        ConfigError: there is no such module. An exception raised by the module itself comes out unchanged.
    """
    if name in sys.modules:
        return sys.modules[name]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise ConfigError(f"module {name!r} does not exist. {_nearby(name)}".strip()) from error


def _nearby(name: str) -> str:
    parent, _, leaf = name.rpartition(".")
    try:
        spec = find_spec(parent) if parent else None
    except (ImportError, ValueError):
        return ""
    siblings = [m.name for m in iter_modules(spec.submodule_search_locations or [])] if spec else []
    return did_you_mean(leaf, siblings)


def _own_classes(module: ModuleType) -> Iterator[type[Any]]:
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and _kind(value):
            yield value


def _kind(cls: type[Any]) -> str:
    return "" if cls.__module__.startswith(_BASE_PACKAGE) else getattr(cls, "__loom_kind__", "")


def _listed(module: ModuleType, name: str) -> list[type[Any]]:
    return [entry for entry in getattr(module, name, ()) if entry is not ...]


def _result(classes: Iterable[type[Any]]) -> DiscoveryResult:
    by_kind: dict[str, list[type[Any]]] = {"model": [], "use_case": [], "interface": [], "job": []}
    for cls in classes:
        by_kind.setdefault(_declared_kind(cls), []).append(cls)
    routed = [route.use_case for interface in by_kind["interface"] for route in interface.routes]
    for cls in routed:
        by_kind[_declared_kind(cls)].append(cls)
    return DiscoveryResult(*(_unique(by_kind[kind]) for kind in ("model", "use_case", "interface", "job")))


def _declared_kind(cls: type[Any]) -> str:
    kind: str = getattr(cls, "__loom_kind__", "")
    return kind


def _unique(classes: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    return tuple(dict.fromkeys(classes))
