"""Addresses below their user: another user's address is as absent as one that never existed."""

from typing import Annotated

from msgspec import Meta

from app.address.commands import CreateAddressRecord, CreateUserAddress, UpdateAddress
from app.address.model import Address
from app.user.model import User
from loom.core.errors import NotFound
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec, PageResult, QuerySpec, SortSpec
from loom.core.use_case import Exists, Input, LoadById, OnMissing
from loom.core.use_case.use_case import UseCase


def _owned(address: Address, user_id: int) -> Address:
    if address.user_id != user_id:
        raise NotFound("Address", id=address.id)
    return address


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
    """List the addresses of a user, oldest first."""

    async def execute(
        self,
        user_id: int,
        page: Annotated[int, Meta(ge=1, le=1_000_000)] = 1,
        _user_exists: bool = Exists(User, from_param="user_id", against="id", on_missing=OnMissing.RAISE),
    ) -> PageResult[Address]:
        query = QuerySpec(
            filters=FilterGroup(filters=(FilterSpec(field="user_id", op=FilterOp.EQ, value=user_id),)),
            sort=(SortSpec(field="id"),),
            page=page,
        )
        return await self.main_repo.list_with_query(query)


class GetAddressUseCase(UseCase[Address, Address]):
    """Get an address of a user."""

    async def execute(
        self,
        user_id: int,
        address_id: int,
        address: Address = LoadById(Address, by="address_id"),
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
        return await self.main_repo.update(_owned(address, user_id).id, cmd)


class DeleteAddressUseCase(UseCase[Address, bool]):
    """Delete an address of a user; `false` where it is gone already."""

    async def execute(
        self,
        user_id: int,
        address_id: int,
        address: Address | None = LoadById(Address, by="address_id", on_missing=OnMissing.RETURN_NONE),
    ) -> bool:
        return address is not None and await self.main_repo.delete(_owned(address, user_id).id)
