"""What clients send about users. The rules judge it; the patterns here tell the API's readers what they ask for."""

from typing import Annotated

from msgspec import Meta

from loom.core.command import Command, Patch

NAME = "[^ \t\r\n]"
EMAIL = r"^[^@ \t\r\n]+@[^@ \t\r\n]+\.[^@ \t\r\n]+$"

Name = Annotated[str, Meta(examples=["Ada Lovelace"], extra_json_schema={"pattern": NAME})]
Email = Annotated[str, Meta(examples=["ada@example.com"], extra_json_schema={"pattern": EMAIL})]


class CreateUser(Command, frozen=True):
    """A new user."""

    full_name: Name
    email: Email


class UpdateUser(Command, frozen=True):
    """A change of a user; a field that is not sent stays as it is."""

    full_name: Patch[Name] = None
    email: Patch[Email] = None
