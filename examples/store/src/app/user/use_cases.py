"""What can be done with users."""

import re

from app.user.model import User
from loom.core.command import Command, Patch
from loom.core.errors import NotFound
from loom.core.repository.abc.query import CursorResult, PageResult, QuerySpec
from loom.core.use_case import Exists, F, Input, LoadById, Rule
from loom.core.use_case.use_case import UseCase

_EMAIL_RE = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


class CreateUser(Command, frozen=True):
    """A new user."""

    full_name: str
    email: str


class UpdateUser(Command, frozen=True):
    """Changes to a user; what is absent stays."""

    full_name: Patch[str] = None
    email: Patch[str] = None


def _name_must_not_be_blank(full_name: str) -> str | None:
    return None if full_name.strip() else "full_name must not be blank"


def _email_must_be_valid(email: str) -> str | None:
    return None if _EMAIL_RE.fullmatch(email) else "email must be valid"


class CreateUserUseCase(UseCase[User, User]):
    """Create a user with an e-mail nobody else has."""

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
    """Change a user."""

    rules = [
        Rule.check(F(UpdateUser).full_name, via=_name_must_not_be_blank).when_present(F(UpdateUser).full_name),
        Rule.check(F(UpdateUser).email, via=_email_must_be_valid).when_present(F(UpdateUser).email),
    ]

    async def execute(
        self,
        user_id: int,
        cmd: UpdateUser = Input(),
        current_user: User = LoadById(User, by="user_id"),
    ) -> User | None:
        return await self.main_repo.update(user_id, cmd)


class GetUserUseCase(UseCase[User, User]):
    """Get a user by id."""

    async def execute(self, user_id: int) -> User:
        user = await self.main_repo.get_by_id(user_id)
        if user is None:
            raise NotFound("User", id=user_id)
        return user


class ListUsersUseCase(UseCase[User, PageResult[User] | CursorResult[User]]):
    """List users with filtering, sorting and pagination."""

    async def execute(self, query: QuerySpec, profile: str = "default") -> PageResult[User] | CursorResult[User]:
        return await self.main_repo.list_with_query(query, profile=profile)


class DeleteUserUseCase(UseCase[User, bool]):
    """Delete a user and the addresses that belong to it."""

    async def execute(self, user_id: int) -> bool:
        return await self.main_repo.delete(user_id)
