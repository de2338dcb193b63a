"""Addresses below their user: every use case first makes sure that the user is there."""

from app.address.model import Address
from app.user.model import User
from loom.core.command import Command, Patch
from loom.core.errors import NotFound
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec, PageResult, QuerySpec
from loom.core.use_case import Exists, Input, LoadById, OnMissing
from loom.core.use_case.use_case import UseCase


class CreateUserAddress(Command, frozen=True):
    """What the client sends; the user comes from the path."""

    city: str
    country: str


class CreateAddressRecord(Command, frozen=True):
    """What is stored."""

    user_id: int
    city: str
    country: str


class UpdateAddress(Command, frozen=True):
    """Changes to an address; what is absent stays."""

    city: Patch[str] = None
    country: Patch[str] = None


class CreateAddressUseCase(UseCase[Address, Address]):
    """Add an address to a user."""

    async def execute(
        self,
        user_id: int,
        cmd: CreateUserAddress = Input(),
        _user_exists: bool = Exists(User, from_param="user_id", against="id", on_missing=OnMissing.RAISE),
    ) -> Address:
        return await self.main_repo.create(CreateAddressRecord(user_id=user_id, **cmd.__dict__))


class ListAddressesUseCase(UseCase[Address, PageResult[Address]]):
    """List the addresses of a user."""

    async def execute(
        self,
        user_id: int,
        _user_exists: bool = Exists(User, from_param="user_id", against="id", on_missing=OnMissing.RAISE),
    ) -> PageResult[Address]:
        own = FilterGroup(filters=(FilterSpec(field="user_id", op=FilterOp.EQ, value=user_id),))
        result = await self.main_repo.list_with_query(QuerySpec(filters=own))
        if not isinstance(result, PageResult):
            raise TypeError("expected offset result")
        return result


class GetAddressUseCase(UseCase[Address, Address]):
    """Get an address of a user."""

    async def execute(
        self, user_id: int, address_id: int, address: Address = LoadById(Address, by="address_id")
    ) -> Address:
        return _owned(address, user_id)


class UpdateAddressUseCase(UseCase[Address, Address | None]):
    """Change an address of a user."""

    async def execute(
        self,
        user_id: int,
        address_id: int,
        cmd: UpdateAddress = Input(),
        address: Address = LoadById(Address, by="address_id"),
    ) -> Address | None:
        _owned(address, user_id)
        return await self.main_repo.update(address_id, cmd)


class DeleteAddressUseCase(UseCase[Address, bool]):
    """Delete an address of a user."""

    async def execute(
        self,
        user_id: int,
        address_id: int,
        address: Address | None = LoadById(Address, by="address_id", on_missing=OnMissing.RETURN_NONE),
    ) -> bool:
        if address is None or address.user_id != user_id:
            return False
        return await self.main_repo.delete(address_id)


def _owned(address: Address, user_id: int) -> Address:
    """An address of another user is not found."""
    if address.user_id != user_id:
        raise NotFound("Address", id=address.id)
    return address
