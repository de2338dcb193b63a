"""Where an application's modules are."""

from pathlib import Path

from loom.core.config.app import Settings, WorkerSettings
from loom.core.config.errors import ConfigError


def resolve_code_path(
    settings: Settings | WorkerSettings, first_config_file: Path | None, explicit: str | Path | None = None
) -> Path | None:
    """Return the directory of the application's code, absolute; None where `app.code_path` exists nowhere.

    A relative path is looked for beside the first configuration file, then below the current directory, then below the
    parent of the configuration file's directory; the first that is a directory wins. `explicit` replaces the setting.

    Raises:
        ConfigError: `explicit` is nowhere.
    """
    wanted = Path(settings.app.code_path if explicit is None else explicit)
    bases = _bases(first_config_file)
    found = next((base / wanted for base in bases if (base / wanted).is_dir()), None)
    if found is None and explicit is not None:
        raise ConfigError(f"code_path {str(wanted)!r} not found; looked in {', '.join(map(str, bases))}")
    return found.resolve() if found else None


def _bases(first_config_file: Path | None) -> list[Path]:
    if first_config_file is None:
        return [Path.cwd()]
    directory = first_config_file.resolve().parent
    return [directory, Path.cwd(), directory.parent]
