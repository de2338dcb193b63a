"""A small shop, for trying the test harnesses on."""

from typing import Any, Protocol

from loom.core.command import Command, Internal, Patch
from loom.core.job import Job, JobService
from loom.core.model import BaseModel, Cardinality, ColumnField, ProjectionField, RelationField, TimestampedModel
from loom.core.projection.loaders import CountLoader, ExistsLoader, JoinFieldsLoader
from loom.core.repository.abc import RepoFor
from loom.core.use_case import Compute, Exists, F, Input, LoadById, Rule, UseCase
from loom.core.use_case.invoker import ApplicationInvoker
from loom.rest.model import RestInterface, RestRoute


class Customer(TimestampedModel):
    __tablename__ = "kit_customers"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    full_name: str = ColumnField(length=40)
    email: str = ColumnField(length=40, unique=True)
    nick_name: str | None = ColumnField(length=20, nullable=True)


class Order(BaseModel):
    __tablename__ = "kit_orders"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    customer_id: int = ColumnField(foreign_key="kit_customers.id")
    status: str = ColumnField(default="created")
    lines: list["Line"] = RelationField(
        foreign_key="order_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("detail",)
    )
    line_count: int = ProjectionField(loader=CountLoader(model=lambda: Line), profiles=("detail", "summary"), default=0)
    has_lines: bool = ProjectionField(loader=ExistsLoader(model=lambda: Line), profiles=("default", "detail"))
    skus: list[dict[str, Any]] = ProjectionField(
        loader=JoinFieldsLoader(model=lambda: Line, value_columns=("sku",)), profiles=("summary",)
    )


class Line(BaseModel):
    __tablename__ = "kit_lines"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    order_id: int = ColumnField(foreign_key="kit_orders.id")
    sku: str = ColumnField(length=20)


class CreateCustomer(Command, frozen=True):
    full_name: str
    email: str
    tenant: Internal[str]


class UpdateCustomer(Command, frozen=True):
    full_name: Patch[str]
    nick_name: Patch[str | None]


class Register(UseCase[Customer, Customer]):
    """Register a customer."""

    computes = (Compute.set(F(CreateCustomer).email).from_command(F(CreateCustomer).email, via=str.lower),)
    rules = (
        Rule.check(F(CreateCustomer).full_name, via=lambda name: not name.strip(), message="must not be blank"),
        Rule.forbid(lambda _, __, taken: taken, message="email already exists").from_params("taken"),
    )

    async def execute(
        self,
        cmd: CreateCustomer = Input(),
        taken: bool = Exists(Customer, from_command="email", against="email"),
    ) -> Customer:
        return await self.main_repo.create(cmd)


class Rename(UseCase[Customer, dict[str, Any]]):
    """Say what would change."""

    async def execute(
        self,
        customer_id: int,
        profile: str = "default",
        cmd: UpdateCustomer = Input(),
        customer: Customer = LoadById(Customer, by="customer_id"),
    ) -> dict[str, Any]:
        return {"customer": customer, "cmd": cmd, "profile": profile}


class ShowTenant(UseCase[Any, str | None]):
    async def execute(self, cmd: CreateCustomer = Input()) -> str | None:
        return cmd.tenant


class Mailer(Protocol):
    async def send(self, to: str) -> str: ...

    def address(self) -> str: ...


class CountBoth(UseCase[Any, tuple[int, int, str]]):
    """Count over two repositories and send a mail."""

    def __init__(self, customers: RepoFor[Customer], orders: RepoFor[Order], mailer: Mailer) -> None:
        self._customers, self._orders, self._mailer = customers, orders, mailer

    async def execute(self) -> tuple[int, int, str]:
        sent = await self._mailer.send(self._mailer.address())
        return await self._customers.count(), await self._orders.count(), sent


class Welcome(Job[str]):
    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def execute(self, customer_id: int) -> str:
        await self._app.entity(Customer).update(params={"id": customer_id}, payload={"nickName": "welcomed"})
        return "sent"


class DispatchWelcome(UseCase[Customer, str]):
    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, customer_id: int) -> str:
        return self._jobs.dispatch(Welcome, params={"customer_id": customer_id}).queue


class CustomerInterface(RestInterface[Customer]):
    prefix = "/customers"
    auto = True


class OrderInterface(RestInterface[Order]):
    prefix = "/orders"
    auto = True
    expose_profile = True
    allowed_profiles = ("default", "detail", "summary")


class WelcomeInterface(RestInterface[Customer]):
    prefix = "/welcome"
    routes = (RestRoute(use_case=DispatchWelcome, method="POST", path="/{customer_id}", status_code=202),)
