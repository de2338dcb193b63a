"""What an edge hands to the core: the contract of transports that are not part of loom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class AdapterRequest:
    """One call as it arrived.

    Attributes:
        params: values of `execute`'s params, by name.
        payload: fields of the command; None where the call carried none.
        dependencies: repositories by model, before the executor's own; empty = the executor's own.
    """

    params: Mapping[str, Any]
    payload: Mapping[str, Any] | None = None
    dependencies: Mapping[type[Any], Any] = field(default_factory=dict)


@runtime_checkable
class LoomAdapter(Protocol):
    """Runs use cases for a transport and answers in its terms."""

    async def handle(self, use_case: Any, request: AdapterRequest) -> Any:
        """Run the built `use_case` with what `request` carries."""
