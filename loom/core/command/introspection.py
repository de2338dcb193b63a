"""Which marked fields a command class has, by name, in declaration order."""

from typing import Any

from loom.core.command.base import command_shape
from loom.core.command.field import CommandField


def get_command_fields(cls: type[Any]) -> dict[str, CommandField]:
    """Return every field that carries a marker."""
    return {name: f.marker for name, f in command_shape(cls).items() if f.marker is not None}


def get_input_fields(cls: type[Any]) -> dict[str, CommandField]:
    """Return the marked fields a client may set."""
    return {name: m for name, m in get_command_fields(cls).items() if not m.hidden}


def get_calculated_fields(cls: type[Any]) -> dict[str, CommandField]:
    """Return the fields computes set."""
    return {name: m for name, m in get_command_fields(cls).items() if m.calculated}


def get_internal_fields(cls: type[Any]) -> dict[str, CommandField]:
    """Return the fields the server sets."""
    return {name: m for name, m in get_command_fields(cls).items() if m.internal}


def get_patch_fields(cls: type[Any]) -> dict[str, CommandField]:
    """Return the fields whose absence means "leave as it is"."""
    return {name: m for name, m in get_command_fields(cls).items() if m.patch}


def is_patch_command(cls: type[Any]) -> bool:
    """Return whether any field is a patch field."""
    return bool(get_patch_fields(cls))
