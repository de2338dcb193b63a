"""The base of response bodies."""

from msgspec import Struct


class Response(Struct, frozen=True, kw_only=True, rename="camel"):
    """A response: frozen, keyword-only, camelCase on the wire, every field emitted."""
