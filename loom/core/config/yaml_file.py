"""One YAML file as a mapping; what does not parse is reported at its line. Includes and merging are not here."""

from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from loom.core.config.errors import ConfigError


def parse(path: Path) -> DictConfig:
    """Return the content of `path`; an empty file is an empty mapping. Interpolations stay as written.

    Raises:
        ConfigError: no UTF-8, no YAML (duplicate keys and tabs among it), no mapping, or a malformed `${`.
    """
    text = _read(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and not isinstance(root, yaml.MappingNode) and not root.tag.endswith(":null"):
            raise ConfigError(f"{path} must hold a mapping at the top level", file=str(path), line=1)
        parsed = OmegaConf.create(text)
    except yaml.YAMLError as error:
        raise _syntax_error(path, error) from error
    except OmegaConfBaseException as error:
        raise ConfigError(f"{path} does not parse: {one_line(error)}", file=str(path)) from error
    assert isinstance(parsed, DictConfig)
    return parsed


def one_line(error: Exception) -> str:
    """Return the text of `error` on a single line, at most 300 characters."""
    return " ".join(str(error).split())[:300]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {one_line(error)}", file=str(path)) from error


def _syntax_error(path: Path, error: yaml.YAMLError) -> ConfigError:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    line = mark.line + 1 if mark else 0
    problem = (error.problem if isinstance(error, yaml.MarkedYAMLError) else None) or one_line(error)
    place = f"{path}:{line}" if line else str(path)
    hint = "indent with spaces, YAML takes no tabs" if "'\\t'" in problem else ""
    return ConfigError(f"{place} does not parse: {problem}", file=str(path), line=line, hint=hint)
