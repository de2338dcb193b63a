from __future__ import annotations

import re

from loom.core.errors import NotFound
from loom.core.repository.abc.query import CursorResult, PageResult, QuerySpec
from loom.core.use_case import Exists, F, Input, LoadById, OnMissing, Rule
from loom.core.use_case.use_case import UseCase

from app.user.commands import CreateUser, UpdateUser
from app.user.model import User

_EMAIL_RE = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def _name_must_not_be_blank(full_name: str) -> str | None:
    return None if full_name.strip() else "full_name must not be blank"


def _email_must_be_valid(email: str) -> str | None:
    return None if _EMAIL_RE.fullmatch(email) else "email must be valid"


def _email_taken_by_other(command, fields_set, email_exists, current_user) -> bool:
    return bool(email_exists) and command.email != current_user.email


class CreateUserUseCase(UseCase[User, User]):
    rules = [
        Rule.check(F(CreateUser).full_name, via=_name_must_not_be_blank),
        Rule.check(F(CreateUser).email, via=_email_must_be_valid),
        Rule.forbid(lambda _, __, exists: exists, message="email already exists").from_params("email_exists"),
    ]

    async def execute(
        self,
        cmd: CreateUser = Input(),
        email_exists: bool = Exists(User, from_command="email", against="email"),
    ) -> User:
        return await self.main_repo.create(cmd)


class UpdateUserUseCase(UseCase[User, User | None]):
    rules = [
        Rule.check(F(UpdateUser).full_name, via=_name_must_not_be_blank).when_present(F(UpdateUser).full_name),
        Rule.check(F(UpdateUser).email, via=_email_must_be_valid).when_present(F(UpdateUser).email),
        Rule.forbid(_email_taken_by_other, message="email already exists")
        .from_params("email_exists", "current_user")
        .when_present(F(UpdateUser).email),
    ]

    async def execute(
        self,
        user_id: int,
        cmd: UpdateUser = Input(),
        current_user: User = LoadById(User, by="user_id"),
        email_exists: bool = Exists(User, from_command="email", against="email"),
    ) -> User | None:
        return await self.main_repo.update(user_id, cmd)


class GetUserUseCase(UseCase[User, User]):
    async def execute(self, user_id: int, profile: str = "default") -> User:
        user = await self.main_repo.get_by_id(user_id, profile=profile)
        if user is None:
            raise NotFound("User", id=user_id)
        return user


class ListUsersUseCase(UseCase[User, PageResult[User] | CursorResult[User]]):
    async def execute(self, query: QuerySpec, profile: str = "default") -> PageResult[User] | CursorResult[User]:
        return await self.main_repo.list_with_query(query, profile=profile)


class DeleteUserUseCase(UseCase[User, bool]):
    async def execute(self, user_id: int) -> bool:
        return await self.main_repo.delete(user_id)


class RequireUser(UseCase[User, bool]):
    async def execute(
        self,
        user_id: int,
        _exists: bool = Exists(User, from_param="user_id", against="id", on_missing=OnMissing.RAISE),
    ) -> bool:
        return True
