"""Which application a command means: a directory, a python file or `module:attribute`, found without importing anything."""

import tomllib
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from loom.core.errors import LoomError

CANDIDATES = ("main.py", "app.py", "app/main.py", "src/main.py", "src/app/main.py")


class Target(Struct, frozen=True, kw_only=True):
    """Where an application is.

    Attributes:
        root: project directory: what is watched, and the working directory.
        import_dir: what goes on `sys.path` so that `module` imports.
        module: dotted module to import.
        attribute: name of the ASGI application in it.
        preload: libraries that `loom dev` imports once for all builds: `preload` in `[tool.loom]` of pyproject.toml.
    """

    root: Path
    import_dir: Path
    module: str
    attribute: str = "app"
    preload: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}"


class TargetNotFound(LoomError):
    """No application is there; the message lists what was tried."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="target_not_found")


def find_target(path: str = ".") -> Target:
    """Return the application `path` means.

    Args:
        path: a project directory, a python file, or `module:attribute` relative to the current directory.

    Raises:
        TargetNotFound: nothing is there; the message lists what was tried.
    """
    place = Path(path)
    if place.is_dir():
        return _in_directory(place.resolve())
    if place.is_file() and place.suffix == ".py":
        parent = place.resolve().parent
        return Target(root=parent, import_dir=parent, module=place.stem)
    module, _, attribute = path.partition(":")
    if attribute and all(part.isidentifier() for part in module.split(".")):
        return Target(root=Path.cwd(), import_dir=Path.cwd(), module=module, attribute=attribute)
    raise TargetNotFound(f"{path!r} is no directory, no python file and no module:attribute")


def _in_directory(root: Path) -> Target:
    table = _table(root)
    preload = tuple(str(name) for name in table.get("preload", ()))
    if table.get("app"):
        module, _, attribute = str(table["app"]).partition(":")
        return Target(root=root, import_dir=root, module=module, attribute=attribute or "app", preload=preload)
    for candidate in CANDIDATES:
        if (root / candidate).is_file():
            return structs.replace(_from_file(root, Path(candidate)), preload=preload)
    raise TargetNotFound(
        f"no application in {root}: looked for [tool.loom] app in pyproject.toml, then {', '.join(CANDIDATES)}"
    )


def _from_file(root: Path, file: Path) -> Target:
    import_dir = root / "src" if file.parts[0] == "src" else root
    module = ".".join((root / file).relative_to(import_dir).with_suffix("").parts)
    return Target(root=root, import_dir=import_dir, module=module)


def _table(root: Path) -> dict[str, Any]:
    """Return `[tool.loom]` of the project; empty where there is none."""
    file = root / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        return dict(tomllib.loads(file.read_text()).get("tool", {}).get("loom", {}))
    except tomllib.TOMLDecodeError as error:
        raise TargetNotFound(f"{file} does not parse: {error}") from None
