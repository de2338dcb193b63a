"""D2: a command hands its fields on as keywords."""

from loom.core.command import Command, Patch


class Address(Command, frozen=True):
    """What a client sends."""

    city: str
    country: str = "ES"
    note: Patch[str]


class Stored(Command, frozen=True):
    """What is stored."""

    user_id: int
    city: str
    country: str
    note: str | None = None


def test_d02_fields_of_a_command_unpack_into_another() -> None:
    """`**cmd.__dict__` gives every field by its Python name, and `vars` the same."""
    sent, _ = Address.from_payload({"city": "Cádiz"})

    assert Stored(user_id=1, city="Cádiz", country="ES") == Stored(user_id=1, **sent.__dict__)
    assert {"city": "Cádiz", "country": "ES", "note": None} == vars(sent)
