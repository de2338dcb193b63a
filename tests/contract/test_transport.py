"""The contract of transports."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from loom.core.transport import AdapterRequest, LoomAdapter


class Echo:
    async def handle(self, use_case: Any, request: AdapterRequest) -> Any:
        return request.params


def test_a_request_is_frozen_and_needs_params_only() -> None:
    """There is no payload and no dependency unless one is given; each request has its own."""
    request = AdapterRequest(params={"id": 1})

    assert ({"id": 1}, None, {}) == (request.params, request.payload, request.dependencies)
    assert request.dependencies is not AdapterRequest(params={}).dependencies
    with pytest.raises(FrozenInstanceError):
        request.payload = {}  # type: ignore[misc]


def test_an_adapter_is_recognised_by_its_method() -> None:
    """Anything with an async `handle` is one."""
    assert isinstance(Echo(), LoomAdapter)
    assert not isinstance(object(), LoomAdapter)
