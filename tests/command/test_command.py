"""Commands: decoding, presence, and what of them is written."""

from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec import structs

from loom.core.command import (
    Command,
    CommandField,
    Computed,
    Internal,
    Patch,
    decode_command,
    get_calculated_fields,
    get_internal_fields,
    get_patch_fields,
    is_patch_command,
    replace_fields,
    written_fields,
)
from loom.core.errors import InvalidPayload


class UpdateUser(Command, frozen=True):
    full_name: Patch[str] = None
    nickname: Patch[str | None]
    born: Patch[date] = None


class CreateUser(Command):
    full_name: str
    status: str = "draft"
    tags: list[str] = []
    owner: Internal[str]
    total: Computed[float]
    email: str = CommandField()


@pytest.mark.parametrize("key", ["fullName", "full_name"])
def test_a_field_is_named_by_its_wire_or_its_python_name(key: str) -> None:
    """Both spellings of a key fill the field and mark it as sent."""
    command, sent = UpdateUser.from_payload({key: "Ada"})

    assert (command.full_name, sent) == ("Ada", frozenset({"full_name"}))


def test_the_later_of_two_spellings_wins() -> None:
    """A payload with both spellings keeps the one that comes last."""
    command, _ = UpdateUser.from_payload({"fullName": "first", "full_name": "second"})

    assert command.full_name == "second"


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        ({}, {}),
        ({"nickname": None}, {"nickname": None}),
        ({"nickname": "ada"}, {"nickname": "ada"}),
        ({"full_name": "Ada", "unknown": 1}, {"full_name": "Ada"}),
        ({"born": "1815-12-10"}, {"born": date(1815, 12, 10)}),
    ],
)
def test_an_update_writes_exactly_what_was_sent(payload: dict[str, Any], written: dict[str, Any]) -> None:
    """Absent fields stay out, explicit nulls stay in, values are native Python."""
    command, _ = UpdateUser.from_payload(payload)

    assert written_fields(command, creating=False) == written


def test_a_null_for_a_patch_that_excludes_none_names_the_field() -> None:
    """`Patch[str]` refuses an explicit null before any rule could see it."""
    with pytest.raises(InvalidPayload) as caught:
        decode_command(UpdateUser, {"fullName": None})

    assert [(v.field, v.message) for v in caught.value.violations] == [("full_name", "must not be null")]


def test_every_problem_of_a_payload_is_reported_at_once() -> None:
    """Missing and ill-typed fields come back together, in snake_case."""
    with pytest.raises(InvalidPayload) as caught:
        decode_command(CreateUser, {"email": 1, "tags": ["a", 2]})

    assert [v.field for v in caught.value.violations] == ["full_name", "tags[1]", "email"]


def test_a_client_cannot_set_internal_or_computed_fields() -> None:
    """Keys of fields the server owns are treated as unknown."""
    command, sent = CreateUser.from_payload({"fullName": "A", "email": "a@b", "owner": "me", "total": 9})

    assert (command.owner, command.total, sent) == (None, None, frozenset({"full_name", "email"}))


def test_a_create_writes_defaults_too() -> None:
    """A command default reaches the insert even where the model has another default."""
    command, _ = CreateUser.from_payload({"fullName": "A", "email": "a@b"})

    assert written_fields(command, creating=True) == {
        "full_name": "A",
        "status": "draft",
        "tags": [],
        "email": "a@b",
    }


def test_presence_survives_a_compute_and_includes_what_it_changed() -> None:
    """A replaced field counts as written beside what was sent."""
    command, _ = UpdateUser.from_payload({"nickname": None})

    assert written_fields(replace_fields(command, full_name="B"), creating=False) == {
        "nickname": None,
        "full_name": "B",
    }


def test_a_command_built_in_python_writes_what_differs_from_its_defaults() -> None:
    """Without a payload, values decide."""
    assert written_fields(UpdateUser(full_name="A"), creating=False) == {"full_name": "A"}


def test_a_mapping_is_written_with_snake_case_names() -> None:
    """camelCase keys, as `to_builtins` gives them, are translated."""
    assert written_fields({"fullName": "A"}, creating=False) == {"full_name": "A"}


def test_dict_of_a_command_unpacks_into_another() -> None:
    """`Other(**cmd.__dict__)` works, also through `vars`."""
    command = UpdateUser(full_name="A", nickname="b")

    assert UpdateUser(**command.__dict__) == command
    assert vars(command) == {"full_name": "A", "nickname": "b", "born": None}


def test_presence_is_invisible_to_equality_encoding_and_hash() -> None:
    """A decoded command equals the same command built by hand."""
    command, _ = UpdateUser.from_payload({"fullName": "A"})

    assert command == UpdateUser(full_name="A")
    assert hash(command) == hash(UpdateUser(full_name="A"))
    assert msgspec.json.encode(command) == b'{"fullName":"A"}'


def test_types_are_strict() -> None:
    """A number in a string is not a string."""
    with pytest.raises(msgspec.ValidationError):
        UpdateUser.from_payload({"fullName": 1})


def test_structs_replace_keeps_the_type() -> None:
    """The plain msgspec copy works on commands."""
    assert structs.replace(UpdateUser(), full_name="A") == UpdateUser(full_name="A")


def test_marked_fields_are_found() -> None:
    """Introspection sees each marker, in declaration order."""
    assert list(get_patch_fields(UpdateUser)) == ["full_name", "nickname", "born"]
    assert list(get_internal_fields(CreateUser)) == ["owner"]
    assert list(get_calculated_fields(CreateUser)) == ["total"]
    assert (is_patch_command(UpdateUser), is_patch_command(CreateUser)) == (True, False)
