from __future__ import annotations

from loom.core.command import Command, Patch
from loom.core.errors import NotFound
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec, PageResult, QuerySpec, SortSpec
from loom.core.use_case import Exists, Input, OnMissing
from loom.core.use_case.use_case import UseCase

from app.address.model import Address
from app.user.model import User


class CreateUserAddress(Command, frozen=True):
    label: str
    city: str
    country: str


class CreateAddressRecord(Command, frozen=True):
    user_id: int
    label: str
    city: str
    country: str


class UpdateAddress(Command, frozen=True):
    label: Patch[str] = None
    city: Patch[str] = None
    country: Patch[str] = None


class CreateAddressUseCase(UseCase[Address, Address]):
    async def execute(
        self,
        user_id: int,
        cmd: CreateUserAddress = Input(),
        _user_exists: bool = Exists(User, from_param="user_id", against="id", on_missing=OnMissing.RAISE),
    ) -> Address:
        return await self.main_repo.create(CreateAddressRecord(user_id=user_id, **cmd.__dict__))


class ListAddressesUseCase(UseCase[Address, PageResult[Address]]):
    async def execute(
        self,
        user_id: int,
        _user_exists: bool = Exists(User, from_param="user_id", against="id", on_missing=OnMissing.RAISE),
    ) -> PageResult[Address]:
        query = QuerySpec(
            filters=FilterGroup(filters=(FilterSpec(field="user_id", op=FilterOp.EQ, value=user_id),)),
            sort=(SortSpec("id"),),
            limit=100,
        )
        return await self.main_repo.list_with_query(query)


async def _own(repo, user_id: int, address_id: int) -> Address:
    address = await repo.get_by_id(address_id)
    if address is None or address.user_id != user_id:
        raise NotFound("Address", id=address_id)
    return address


class GetAddressUseCase(UseCase[Address, Address]):
    async def execute(self, user_id: int, address_id: int) -> Address:
        return await _own(self.main_repo, user_id, address_id)


class UpdateAddressUseCase(UseCase[Address, Address | None]):
    async def execute(self, user_id: int, address_id: int, cmd: UpdateAddress = Input()) -> Address | None:
        await _own(self.main_repo, user_id, address_id)
        return await self.main_repo.update(address_id, cmd)


class DeleteAddressUseCase(UseCase[Address, bool]):
    async def execute(self, user_id: int, address_id: int) -> bool:
        address = await self.main_repo.get_by_id(address_id)
        if address is None or address.user_id != user_id:
            return False
        return await self.main_repo.delete(address_id)
