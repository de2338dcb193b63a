"""Which classes an application is made of: found in modules, listed in a manifest, or reached from interfaces.

Kinds are recognised by the `__loom_kind__` mark of their base classes, so this module depends on none of them. A class
belongs to the module it is written in; importing it somewhere else does not list it there.
"""

import importlib
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Protocol

from loom.core.config.errors import ConfigError
from loom.core.contracts import AppManifestAttr
from loom.core.errors import did_you_mean
from loom.core.use_case.use_case import main_model

# What each list of a manifest may hold. An application's jobs may stand among its use cases.
_MANIFEST: dict[AppManifestAttr, tuple[str, ...]] = {
    AppManifestAttr.MODELS: ("model",),
    AppManifestAttr.USE_CASES: ("use_case", "job"),
    AppManifestAttr.INTERFACES: ("interface",),
    AppManifestAttr.JOBS: ("job",),
    AppManifestAttr.CALLBACKS: ("callback",),
    AppManifestAttr.REPOSITORIES: ("repository",),
}
_KINDS = ("model", "use_case", "interface", "job", "callback", "repository")  # as in DiscoveryResult


@dataclass(frozen=True)
class DiscoveryResult:
    """What was found, each class once, in order of declaration; use cases of routes follow those found directly."""

    models: tuple[type[Any], ...] = ()
    use_cases: tuple[type[Any], ...] = ()
    interfaces: tuple[type[Any], ...] = ()
    jobs: tuple[type[Any], ...] = ()
    callbacks: tuple[type[Any], ...] = ()
    repositories: tuple[type[Any], ...] = ()


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
        return _result(_written_in(self._modules))


class ManifestDiscoveryEngine:
    """What a manifest module lists in MODELS, USE_CASES, INTERFACES, JOBS, CALLBACKS and REPOSITORIES, each optional."""

    def __init__(self, module: str) -> None:
        self._module = module

    def discover(self) -> DiscoveryResult:
        """Import the manifest and return its lists; `...` in a list stands for nothing.

        Raises:
            ValueError: it exposes no components.
            TypeError: an entry does not belong in its list.
            ConfigError: there is no such module.
        """
        module = import_module(self._module)
        lists = {name: _listed(module, name) for name in _MANIFEST}
        if not any(lists.values()):
            raise ValueError(f"manifest {self._module!r} exposes no components; it may list {', '.join(lists)}")
        for name, entries in lists.items():
            _check_kinds(f"{self._module}.{name}", entries, _MANIFEST[name])
        return _result(cls for entries in lists.values() for cls in entries)


class InterfacesDiscoveryEngine:
    """The interfaces of the listed modules, their use cases, and the models those name.

    A module may be listed for its jobs, callbacks and repositories alone; models and use cases written there count only
    where an interface reaches them.
    """

    def __init__(self, modules: Sequence[str], *, warn_recommended: bool = True) -> None:
        self._modules = modules
        self._warn = warn_recommended

    def discover(self) -> DiscoveryResult:
        """Import each module and follow its interfaces.

        Raises:
            ValueError: there is no interface.
            ConfigError: a listed module does not exist.
        """
        found = _result(cls for cls in _written_in(self._modules) if _kind(cls) not in ("model", "use_case"))
        if not found.interfaces:
            raise ValueError(
                f"interfaces discovery found no RestInterface in {', '.join(self._modules) or 'no modules'}"
            )
        if self._warn:
            warnings.warn("interfaces discovery infers models; manifest mode lists them", stacklevel=2)
        return _with_models(found)


def classes_of(interfaces: Iterable[type[Any]]) -> DiscoveryResult:
    """Return what `interfaces` reach: themselves, their use cases, and the models those name."""
    return _with_models(_result(interfaces))


def import_module(name: str) -> ModuleType:
    """Return the module `name`; one that is being imported right now counts, with what it defines so far.

    Raises:
        ConfigError: there is no such module. An exception raised by the module itself comes out unchanged.
    """
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(f"{name!r} is no dotted module name")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not f"{name}.".startswith(f"{missing}.") or missing in sys.modules:
            raise
        raise ConfigError(f"module {name!r} does not exist", hint=_nearby(missing)) from error


def _nearby(missing: str) -> str:
    parent, dot, leaf = missing.rpartition(".")
    folders = getattr(sys.modules.get(parent), "__path__", ()) if parent else None
    siblings = [module.name for module in iter_modules(folders)]
    close = [f"{parent}{dot}{name}" for name in siblings if did_you_mean(leaf, [name])]
    return did_you_mean(missing, close) or ("" if parent else "is app.code_path right?")


def _written_in(modules: Iterable[str]) -> Iterator[type[Any]]:
    for name in modules:
        module = import_module(name)
        values = list(vars(module).values())
        yield from (value for value in values if isinstance(value, type) and _is_own(value, module))


def _is_own(cls: type[Any], module: ModuleType) -> bool:
    return cls.__module__ == module.__name__ and not cls.__module__.startswith("loom.") and _kind(cls) in _KINDS


def _kind(cls: type[Any]) -> str:
    """Return the mark of `cls`; "callback" for a class with a callback's method, which needs no base; else ""."""
    kind: str = getattr(cls, "__loom_kind__", "")
    return kind or ("callback" if hasattr(cls, "on_success") or hasattr(cls, "on_failure") else "")


def _listed(module: ModuleType, name: str) -> list[Any]:
    return [entry for entry in getattr(module, name, None) or () if entry is not ...]


def _check_kinds(where: str, entries: Iterable[Any], kinds: tuple[str, ...]) -> None:
    for entry in entries:
        if not isinstance(entry, type) or _kind(entry) not in kinds:
            needed = "must inherit RepositorySQLAlchemy" if "repository" in kinds else f"is no {' or '.join(kinds)}"
            raise TypeError(f"{where}: {entry!r} {needed}".replace("use_case", "use case"))


def _result(classes: Iterable[type[Any]]) -> DiscoveryResult:
    by_kind: dict[str, list[type[Any]]] = {kind: [] for kind in _KINDS}
    for cls in classes:
        by_kind[_kind(cls)].append(cls)
    for cls in [cls for interface in by_kind["interface"] for cls in _routed(interface)]:
        by_kind[_kind(cls)].append(cls)
    return DiscoveryResult(*(_unique(by_kind[kind]) for kind in _KINDS))


def _routed(interface: type[Any]) -> Iterator[type[Any]]:
    """Yield the use cases of its routes; what is no route or no use case is the interface compiler's to report."""
    routes = getattr(interface, "routes", ())
    for route in routes if isinstance(routes, list | tuple) else ():
        use_case = getattr(route, "use_case", None)
        if isinstance(use_case, type) and _kind(use_case) in ("use_case", "job"):
            yield use_case


def _with_models(found: DiscoveryResult) -> DiscoveryResult:
    named = (main_model(use_case) for use_case in found.use_cases)
    return replace(found, models=_unique(model for model in named if model is not None and _kind(model) == "model"))


def _unique(classes: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    return tuple(dict.fromkeys(classes))
