"""How names and texts from outside are spelled inside."""


def snake(name: str) -> str:
    """`fullName` -> `full_name`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def is_storable(text: str) -> bool:
    """Return whether a database stores `text`: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
