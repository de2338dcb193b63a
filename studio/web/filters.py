"""How values read on a page: times, durations, counts and hostile text. Pure functions, registered by the renderer."""

from datetime import UTC, datetime

import msgspec
from markupsafe import Markup, escape

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff")
"""Characters that turn or break a line without being seen."""


def ago(at: datetime, now: datetime) -> str:
    """Return how long before `now`: `now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`."""
    seconds = int((now - at).total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "now"


def absolute(at: datetime) -> str:
    """Return `at` to the second, in UTC: `2026-01-31 14:02:11 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime) -> str:
    """Return the time of day on this machine, to the second: `14:02:11`."""
    return f"{at.astimezone():%H:%M:%S}"


def short(file: str, root: str) -> str:
    """Return `file` relative to the project at `root`; elsewhere only its last three segments."""
    if root and file.startswith(root.rstrip("/") + "/"):
        return file.removeprefix(root.rstrip("/") + "/")
    segments = file.split("/")
    return file if len(segments) <= 4 else "…/" + "/".join(segments[-3:])


def when(at: datetime, now: datetime) -> Markup:
    """Return a `<time>` element: relative to read, absolute on hover."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), absolute(at), escape(ago(at, now)))


def ms(value: float) -> str:
    """Return a duration given in milliseconds: `0.4 ms`, `94 ms`, `1.25 s`."""
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.1f} ms" if 0 < value < 10 else f"{value:.0f} ms"


def us(value: float) -> str:
    """Return a duration given in microseconds, as `ms` writes it; below a tenth of a millisecond `12 µs`, `<1 µs`."""
    if value < 100:
        return f"{value:.0f} µs" if value >= 1 else "<1 µs"
    return ms(value / 1000)


def moment(seconds: float) -> datetime:
    """Return seconds since 1970 as an aware time."""
    return datetime.fromtimestamp(seconds, UTC)


def inline(value: object, limit: int = 160) -> str:
    """Return a JSON-like value on one line, cut to `limit` characters."""
    text = msgspec.json.encode(value).decode("utf-8", "replace")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def pretty(value: object) -> str:
    """Return a JSON-like value on indented lines; text as it is."""
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8", "replace")


def size(count: int) -> str:
    """Return a number of bytes: `812 B`, `3.4 kB`, `2.1 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def pluralise(count: int, noun: str, plural: str = "") -> str:
    """Return the count with its noun: `1 route`, `2 routes`, `12,480 entries`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def plain(text: object) -> str:
    r"""Return `text` with control and direction characters visible (`\x00`, `\u202e`); line breaks and tabs stay."""
    return "".join(_visible(char) for char in str(text))


def _visible(char: str) -> str:
    code = ord(char)
    if char in "\n\t" or (code >= 0x20 and not 0x7F <= code <= 0x9F and not 0xD800 <= code <= 0xDFFF):
        return f"\\u{code:04x}" if char in _STEERING else char
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
