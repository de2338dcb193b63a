"""The base of response bodies."""

from msgspec import Struct


class Response(Struct, frozen=True, kw_only=True, rename="camel"):
    """A response: frozen, camelCase on the wire, every field emitted.

    `kw_only` holds for the class that says it, as with any Struct: a subclass repeats it where a required field is to
    follow one with a default.
    """
