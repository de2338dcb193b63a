"""Creating and changing users. Reading and deleting are auto-CRUD."""

import re

from app.user.commands import EMAIL, NAME, CreateUser, UpdateUser
from app.user.model import User
from loom.core.use_case import Exists, F, Input, LoadById, Rule
from loom.core.use_case.use_case import UseCase

_NAME_RE, _EMAIL_RE = re.compile(NAME), re.compile(EMAIL)


def _name_must_not_be_blank(full_name: str) -> str | None:
    return None if _NAME_RE.search(full_name) else "full_name must not be blank"


def _email_must_be_valid(email: str) -> str | None:
    return None if _EMAIL_RE.fullmatch(email) else "email must be valid"


def _taken_by_another(cmd: UpdateUser, _: frozenset[str], email_exists: bool, current_user: User) -> bool:
    return email_exists and cmd.email != current_user.email


class CreateUserUseCase(UseCase[User, User]):
    """Create a user whose e-mail address nobody else has."""

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
    """Change a user. Sending the address the user already has is no conflict."""

    rules = [
        Rule.check(F(UpdateUser).full_name, via=_name_must_not_be_blank).when_present(F(UpdateUser).full_name),
        Rule.check(F(UpdateUser).email, via=_email_must_be_valid).when_present(F(UpdateUser).email),
        Rule.forbid(_taken_by_another, message="email already exists").from_params("email_exists", "current_user"),
    ]

    async def execute(
        self,
        user_id: int,
        cmd: UpdateUser = Input(),
        current_user: User = LoadById(User, by="user_id"),
        email_exists: bool = Exists(User, from_command="email", against="email"),
    ) -> User | None:
        return await self.main_repo.update(user_id, cmd)
