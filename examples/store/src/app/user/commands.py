"""What clients send about users."""

from loom.core.command import Command, Patch


class CreateUser(Command, frozen=True):
    """A new user."""

    full_name: str
    email: str


class UpdateUser(Command, frozen=True):
    """A change of a user; a field that is not sent stays as it is."""

    full_name: Patch[str] = None
    email: Patch[str] = None
