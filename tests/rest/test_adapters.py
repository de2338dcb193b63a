"""Use cases behind hand-written FastAPI routes, and commands validated by pydantic."""

from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import msgspec
import pydantic
import pytest
from fastapi import FastAPI, HTTPException

from loom.core.command import Command, CommandAdapter, Computed, Internal, Patch
from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.errors import Conflict, LoomError, NotFound, RuleViolation, RuleViolations
from loom.core.tracing import reset_trace_id, set_trace_id
from loom.core.transport import AdapterRequest, LoomAdapter
from loom.core.use_case import Exists, Input, UseCase
from loom.rest import HttpErrorMapper, LoomRestAdapter, PydanticAdapter


class Line(msgspec.Struct, frozen=True, rename="camel"):
    unit_price: float
    kind: Literal["goods", "service"] = "goods"


class Answer(Command):
    order_id: int
    total: float = 0.0


class PlaceOrder(Command):
    customer_name: str
    lines: list[Line]
    due: datetime | None = None
    note: Patch[str | None] = None
    city: Patch[str]
    tenant: Internal[str]
    total: Computed[float]


class Place(UseCase[Any, Answer]):
    async def execute(self, order_id: int, cmd: PlaceOrder = Input()) -> Answer:
        if cmd.customer_name == "nobody":
            raise NotFound("Customer", id="nobody")
        return Answer(order_id=order_id)


class Asks(UseCase[Any, bool]):
    async def execute(self, sku: str, known: bool = Exists(Line, from_param="sku", against="kind")) -> bool:
        if not known:
            raise ZeroDivisionError(sku)
        return known


class Known:
    async def exists_by(self, field: str, value: Any) -> bool:
        return value == "a"


def adapter(mapper: HttpErrorMapper | None = None) -> LoomRestAdapter:
    return LoomRestAdapter(RuntimeExecutor(UseCaseCompiler()), mapper)


def body(name: str = "Ann") -> dict[str, Any]:
    return {"customerName": name, "lines": []}


async def test_a_struct_is_answered_as_a_dict_with_every_field() -> None:
    """Wire names, defaults included."""
    answer = await adapter().handle(Place(), AdapterRequest(params={"order_id": "7"}, payload=body()))

    assert {"orderId": 7, "total": 0.0} == answer


async def test_dependencies_reach_the_run_and_other_results_stay_as_they_are() -> None:
    """What a request brings is asked before the executor's own; a bool is a bool."""
    request = AdapterRequest(params={"sku": "a"}, dependencies={Line: Known()})

    assert await adapter().handle(Asks(), request) is True


async def test_a_domain_error_becomes_an_http_exception_with_its_facts() -> None:
    """Status and detail are those of a compiled route."""
    token = set_trace_id("t1")
    try:
        with pytest.raises(HTTPException) as caught:
            await adapter().handle(Place(), AdapterRequest(params={"order_id": 1}, payload=body("nobody")))
    finally:
        reset_trace_id(token)

    detail: Any = caught.value.detail
    assert 404 == caught.value.status_code
    assert {"code": "not_found", "entity": "Customer", "id": "nobody", "trace_id": "t1"} == {
        key: detail[key] for key in ("code", "entity", "id", "trace_id")
    }


async def test_an_unexpected_error_comes_out_unchanged() -> None:
    """Only loom's own errors are mapped."""
    with pytest.raises(ZeroDivisionError):
        await adapter().handle(Asks(), AdapterRequest(params={"sku": "b"}, dependencies={Line: Known()}))


async def test_a_mapper_of_ones_own_decides() -> None:
    """A subclass answers some errors differently."""

    class Teapot(HttpErrorMapper):
        def to_http(self, error: LoomError) -> HTTPException:
            return HTTPException(418) if isinstance(error, NotFound) else super().to_http(error)

    with pytest.raises(HTTPException) as caught:
        await adapter(Teapot()).handle(Place(), AdapterRequest(params={"order_id": 1}, payload=body("nobody")))

    assert 418 == caught.value.status_code


@pytest.mark.parametrize(
    ("error", "status", "extra"),
    [
        (Conflict("taken"), 409, {}),
        (
            RuleViolations([RuleViolation("a", "x"), RuleViolation("b", "y")]),
            422,
            {"violations": [{"field": "a", "message": "x"}, {"field": "b", "message": "y"}]},
        ),
        (LoomError("odd", code="strange"), 500, {}),
    ],
)
def test_every_error_has_its_status_and_detail(error: LoomError, status: int, extra: dict[str, Any]) -> None:
    """Code and message always, violations where there are some."""
    mapped = HttpErrorMapper().to_http(error)

    assert status == mapped.status_code
    assert {"code": str(error.code), "message": error.message, "trace_id": None, **extra} == mapped.detail


async def test_the_adapters_serve_a_hand_written_route() -> None:
    """A FastAPI application of one's own runs a use case and answers its errors."""
    app, commands, adapt = FastAPI(), PydanticAdapter(), adapter()
    schema = commands.compile_schema(PlaceOrder)

    @app.post("/orders/{order_id}")
    async def place(order_id: int, sent: schema) -> Any:  # type: ignore[valid-type]  # made above
        payload = sent.model_dump(exclude_unset=True)  # type: ignore[attr-defined]  # same
        return await adapt.handle(Place(), AdapterRequest(params={"order_id": order_id}, payload=payload))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        good = await client.post("/orders/3", json=body())
        gone = await client.post("/orders/3", json=body("nobody"))
        bad = await client.post("/orders/3", json={"lines": [{"unitPrice": "x"}]})

    assert (200, {"orderId": 3, "total": 0.0}) == (good.status_code, good.json())
    assert (404, "not_found") == (gone.status_code, gone.json()["detail"]["code"])
    assert [["body", "customerName"], ["body", "lines", 0, "unitPrice"]] == [e["loc"] for e in bad.json()["detail"]]


def test_the_adapters_are_what_their_protocols_ask() -> None:
    """Both can be passed where the core's contract is asked for."""
    assert isinstance(adapter(), LoomAdapter)
    assert isinstance(PydanticAdapter(), CommandAdapter)


def test_a_schema_has_what_a_client_may_set_and_is_made_once() -> None:
    """Internal and computed fields are not in it; the same class gives the same schema."""
    commands = PydanticAdapter()
    commands.register(PlaceOrder)
    schema = commands.compile_schema(PlaceOrder)

    assert ["customer_name", "lines", "due", "note", "city"] == list(schema.model_fields)
    assert schema is commands.compile_schema(PlaceOrder)


def test_parsing_knows_which_fields_were_sent() -> None:
    """Either name counts, an explicit null counts, nested structs are built, hidden fields are ignored."""
    raw = {
        "customer_name": "Ann",
        "lines": [{"unitPrice": 2, "kind": "service"}],
        "due": "2026-01-02T03:04:05Z",
        "note": None,
        "tenant": "evil",
    }

    command, fields_set = PydanticAdapter().parse(PlaceOrder, raw)

    assert {"customer_name", "lines", "due", "note"} == fields_set
    assert (Line(unit_price=2.0, kind="service"),) == tuple(command.lines)
    assert datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) == command.due
    assert (None, None) == (command.city, command.tenant)


@pytest.mark.parametrize(
    "raw", [{"lines": []}, {"customerName": "a", "lines": [{"unitPrice": 1, "kind": "x"}]}, {**body(), "city": None}]
)
def test_what_does_not_fit_is_pydantics_to_say(raw: dict[str, Any]) -> None:
    """Its own error comes out: a missing field, a nested one, and null for a patch field that admits none."""
    with pytest.raises(pydantic.ValidationError):
        PydanticAdapter().parse(PlaceOrder, raw)
