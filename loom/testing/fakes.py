"""Fakes standing in for an application's repositories and services, and the errors they are told to raise."""

import builtins
import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin

from loom.core.di import LoomContainer, Scope
from loom.core.repository.abc import RepoFor


class FailingProxy:
    """Stands for `target`; calling a method named in `errors` raises its error, awaited where the method is async."""

    def __init__(self, target: Any, errors: Mapping[str, BaseException]) -> None:
        self._target = target
        self._errors = errors

    def __getattr__(self, name: str) -> Any:
        errors, target = self._errors, self._target
        if name not in errors:
            return getattr(target, name)
        method = getattr(target, name, None)
        is_sync = method is not None and not inspect.iscoroutinefunction(method)
        return _raising(errors[name]) if is_sync else _raising_later(errors[name])


class Fakes:
    """What a harness was given, by the key business code asks for."""

    def __init__(self) -> None:
        self._fakes: dict[Any, Any] = {}
        self._models: dict[type[Any], Any] = {}
        self._other_keys: dict[Any, Any] = {}
        self._errors: dict[Any, dict[str, BaseException]] = {}

    def put(self, key: Any, fake: Any, model: type[Any] | None = None) -> None:
        """Keep `fake` for `key`, and as the repository of `model`."""
        self._fakes[key] = fake
        if model is None and get_origin(key) is RepoFor:
            model = get_args(key)[0]
        if model is not None:
            self._models[model] = key

    def answer_to(self, other: Any, key: Any) -> None:
        """Give what is kept for `key` to whoever asks for `other` too."""
        self._other_keys[other] = key

    def fail(self, key: Any, method: str, error: BaseException) -> None:
        """Let `method` of what is kept for `key` raise `error` from now on."""
        self._errors.setdefault(key, {})[method] = error

    def break_down(self, key: Any, method: str) -> None:
        """Let `method` fail as infrastructure does: with the builtin `SystemError`."""
        self.fail(key, method, builtins.SystemError(f"simulated system error in {method}"))

    def register(self, container: LoomContainer) -> None:
        """Bind everything kept so far in `container`."""
        for asked, key in {**self._other_keys, **{key: key for key in self._fakes}}.items():
            container.register(asked, self._provider(key), Scope.REQUEST)
        for model, key in self._models.items():
            container.register_repo(model, key)

    def _provider(self, key: Any) -> Callable[[], Any]:
        return lambda: self._current(key)

    def _current(self, key: Any) -> Any:
        errors = self._errors.get(key)
        return FailingProxy(self._fakes[key], errors) if errors else self._fakes[key]


def _raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def _raising_later(error: BaseException) -> Callable[..., Any]:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail
