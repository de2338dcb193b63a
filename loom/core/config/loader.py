"""Reading YAML: merge left to right, includes, lazy `oc.env` and `oc.decode`; and one section as a typed value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from loom.core.config.errors import ConfigError

T = TypeVar("T")
ConfigSource = str | Path | Mapping[str, Any]


def load_config(*sources: ConfigSource) -> DictConfig:
    """Return the deep merge of `sources`, later ones winning; a mapping stands for a file with that content.

    A top-level `includes: [a.yaml, ...]` is read first, relative to its file, recursively. Interpolations resolve when
    they are accessed.

    Raises:
        ConfigError: no source, a missing or unparsable file, or a circular include.
    """
    if not sources:
        raise ConfigError("load_config needs at least one path")
    return _merged([_from_source(source) for source in sources])


def section(config: DictConfig, path: str, target: type[T]) -> T:
    """Return the section at dotted `path` as `target`, leniently converted; unknown keys are ignored.

    Raises:
        ConfigError: the section is not found, does not fit, or an interpolation has no value.
    """
    node: Any = config
    for key in path.split("."):
        if not isinstance(node, DictConfig) or key not in node:
            raise ConfigError(f"section {path!r} not found in the configuration")
        node = node[key]
    try:
        plain = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
        return msgspec.convert(plain, target, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"section {path!r} failed validation: {error}") from error
    except OmegaConfBaseException as error:
        raise ConfigError(f"section {path!r} cannot be resolved: {_first_line(error)}") from error


def _from_source(source: ConfigSource) -> DictConfig:
    if isinstance(source, Mapping):
        return OmegaConf.create(dict(source))
    return _read(Path(source), ())


def _read(path: Path, including: tuple[Path, ...]) -> DictConfig:
    resolved = path.resolve()
    if resolved in including:
        chain = " -> ".join(p.name for p in (*including, resolved))
        raise ConfigError(f"Circular include: {chain}")
    if not resolved.is_file():
        raise ConfigError(f"configuration file {path} not found")
    own = _parse(resolved)
    includes = own.pop("includes", None) or []
    parts = [_read(resolved.parent / str(name), (*including, resolved)) for name in includes]
    return _merged([*parts, own])


def _parse(path: Path) -> DictConfig:
    try:
        parsed = OmegaConf.load(path)
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} does not parse: {_first_line(error)}") from error
    if not isinstance(parsed, DictConfig):
        raise ConfigError(f"{path} must hold a mapping at the top level")
    return parsed


def _merged(parts: list[DictConfig]) -> DictConfig:
    merged = OmegaConf.merge(*parts)
    assert isinstance(merged, DictConfig)
    return merged


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
