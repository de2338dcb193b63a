"""Calling one use case from another, by type, by key, or through an entity's five operations."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from loom.core.errors import NotFound
from loom.core.use_case.keys import KEY_SEPARATOR, CrudOp, model_entity_key
from loom.core.use_case.registry import UseCaseRegistry

Params = Mapping[str, Any] | None


class Runner(Protocol):
    """The part of the executor an invoker needs."""

    async def execute(self, instance: Any, *, params: Params = None, payload: Params = None) -> Any:
        """Run a built use case."""


class Builder(Protocol):
    """The part of the factory an invoker needs."""

    def build(self, cls: type[Any]) -> Any:
        """Return a new instance with its dependencies."""


@runtime_checkable
class ApplicationInvoker(Protocol):
    """What business code depends on to call other business code. Calls join the running transaction."""

    async def invoke(self, use_case: type[Any], *, params: Params = None, payload: Params = None) -> Any:
        """Build and run a use case or job by type."""

    async def invoke_name(self, key: str, *, params: Params = None, payload: Params = None) -> Any:
        """Run the use case that answers to `key`."""

    def entity(self, model: type[Any]) -> "EntityInvoker":
        """Return the five operations of `model`."""


class CrudSource(Protocol):
    """Gives the auto-CRUD use case of a model where no interface exposes one."""

    def __call__(self, model: type[Any], op: CrudOp) -> type[Any]:
        """Return the use case class."""


class AppInvoker:
    """The invoker of one application."""

    def __init__(
        self, factory: Builder, executor: Runner, registry: UseCaseRegistry, crud: CrudSource | None = None
    ) -> None:
        self._factory = factory
        self._executor = executor
        self._registry = registry
        self._crud = crud

    async def invoke(self, use_case: type[Any], *, params: Params = None, payload: Params = None) -> Any:
        """Build `use_case` and run it through the executor; no registration is needed."""
        return await self._executor.execute(self._factory.build(use_case), params=params, payload=payload)

    async def invoke_name(self, key: str, *, params: Params = None, payload: Params = None) -> Any:
        """Run the use case of `key`.

        Raises:
            KeyError: nothing answers to it.
        """
        return await self.invoke(self._registry.resolve(key), params=params, payload=payload)

    def entity(self, model: type[Any]) -> "EntityInvoker":
        """Return the five operations of `model`."""
        return EntityInvoker(self, model)

    def crud_use_case(self, model: type[Any], op: CrudOp) -> type[Any]:
        """Return the use case behind `<entity>:<op>`: the registered one, or the generated one."""
        key = f"{model_entity_key(model)}{KEY_SEPARATOR}{op}"
        if self._crud is None or self._registry.has(key):
            return self._registry.resolve(key)
        return self._crud(model, op)


class EntityInvoker:
    """The five operations of one model. A missing row is None or False here, never an error."""

    def __init__(self, app: AppInvoker, model: type[Any]) -> None:
        self._app = app
        self._model = model

    async def create(self, *, payload: Mapping[str, Any]) -> Any:
        """Return the created entity."""
        return await self._run(CrudOp.CREATE, payload=payload)

    async def get(self, *, params: Mapping[str, Any]) -> Any:
        """Return the entity with `params["id"]`, or None."""
        return await self._found(CrudOp.GET, {"profile": "default", **params})

    async def list(self, *, params: Mapping[str, Any], payload: Params = None) -> Any:
        """Return the page `params["query"]` asks for."""
        return await self._run(CrudOp.LIST, {"profile": "default", **params}, payload)

    async def update(self, *, params: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
        """Return the updated entity, or None where there is none."""
        return await self._found(CrudOp.UPDATE, params, payload)

    async def delete(self, *, params: Mapping[str, Any]) -> bool:
        """Return whether a row was deleted."""
        return bool(await self._run(CrudOp.DELETE, params))

    async def _run(self, op: CrudOp, params: Params = None, payload: Params = None) -> Any:
        use_case = self._app.crud_use_case(self._model, op)
        return await self._app.invoke(use_case, params=params, payload=payload)

    async def _found(self, op: CrudOp, params: Params, payload: Params = None) -> Any:
        try:
            return await self._run(op, params, payload)
        except NotFound as error:
            if error.entity != self._model.__name__:
                raise
            return None
