"""Commands: what a caller asks for, decoded once, with exact knowledge of which fields were sent."""

from loom.core.command.adapter import CommandAdapter
from loom.core.command.base import (
    Command,
    decode_command,
    fields_set_of,
    remember_presence,
    replace_fields,
    written_fields,
)
from loom.core.command.field import CommandField, Computed, Internal, Patch
from loom.core.command.introspection import (
    get_calculated_fields,
    get_command_fields,
    get_input_fields,
    get_internal_fields,
    get_patch_fields,
    is_patch_command,
)

__all__ = [
    "Command",
    "CommandAdapter",
    "CommandField",
    "Computed",
    "Internal",
    "Patch",
    "decode_command",
    "fields_set_of",
    "get_calculated_fields",
    "get_command_fields",
    "get_input_fields",
    "get_internal_fields",
    "get_patch_fields",
    "is_patch_command",
    "remember_presence",
    "replace_fields",
    "written_fields",
]
