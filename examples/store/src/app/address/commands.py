"""What clients send about addresses, and what is stored."""

from loom.core.command import Command, Patch


class CreateUserAddress(Command, frozen=True):
    """A new address of the user named in the path."""

    city: str
    country: str


class CreateAddressRecord(Command, frozen=True):
    """A new row: the address and whose it is."""

    user_id: int
    city: str
    country: str


class UpdateAddress(Command, frozen=True):
    """A change of an address; a field that is not sent stays as it is."""

    city: Patch[str] = None
    country: Patch[str] = None
