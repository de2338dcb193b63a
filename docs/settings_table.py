"""Write the table of configuration keys from the settings types: `python -m docs.settings_table`."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec

from loom.core.config import Settings

TABLE = Path(__file__).parent / "settings.md"


def table() -> str:
    """Return the keys as a Markdown table, section by section."""
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *_rows(Settings, "")]) + "\n"


def _rows(owner: type[Any], prefix: str) -> list[str]:
    said = _meanings(owner)
    rows: list[str] = []
    for item in msgspec.structs.fields(owner):
        key = f"{prefix}{item.encode_name}"
        if key == "diagnostics":
            continue
        kind = next((part for part in get_args(item.type) if _is_section(part)), item.type)
        if _is_section(kind):
            rows += _rows(kind, f"{key}.")
        else:
            rows.append(f"| `{key}` | {_default(item)} | {said.get(item.name, '')} |")
    return rows


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _default(item: msgspec.structs.FieldInfo) -> str:
    if item.required:
        return "required"
    value = item.default if item.default is not msgspec.NODEFAULT else item.default_factory()
    return f"`{msgspec.json.encode(value).decode()}`"


def _meanings(owner: type[Any]) -> dict[str, str]:
    lines = re.findall(r"^ {8}(\w+): (.+(?:\n {12}.+)*)$", owner.__doc__ or "", re.MULTILINE)
    return {name: " ".join(text.split()).replace("|", "\\|") for name, text in lines}


if __name__ == "__main__":
    TABLE.write_text(table())
