"""Reading a configuration: merge left to right, includes, lazy `oc.env` and `oc.decode`; and one section as a typed value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from loom.core.config.errors import ConfigError
from loom.core.config.yaml_file import one_line, parse
from loom.core.errors import did_you_mean

T = TypeVar("T")
ConfigSource = str | Path | Mapping[str, Any]


def load_config(*sources: ConfigSource) -> DictConfig:
    """Return the deep merge of `sources`, later ones winning; a mapping stands for a file with that content.

    A top-level `includes: [a.yaml, ...]` is read first, relative to its file (of a mapping: to the current directory),
    recursively. Interpolations resolve when they are accessed.

    Raises:
        ConfigError: no source, a missing or unparsable file, a circular include, or parts that do not merge.
    """
    if not sources:
        raise ConfigError("load_config needs at least one path")
    return _merged([_from_source(source) for source in sources])


def section(config: DictConfig, path: str, target: type[T]) -> T:
    """Return the section at dotted `path` as `target`, leniently converted; unknown keys are ignored.

    Raises:
        ConfigError: the section is not found, does not fit, or an interpolation has no value.
    """
    plain = plain_section(config, path)
    try:
        return msgspec.convert(plain, target, strict=False)
    except msgspec.ValidationError as error:
        raise _misfit(path, error) from error


def plain_section(config: DictConfig, path: str) -> Any:
    """Return the section at dotted `path` as dicts, lists and scalars, every interpolation resolved.

    Raises:
        ConfigError: the section is not found, or an interpolation has no value.
    """
    try:
        node = _node(config, path)
        return OmegaConf.to_container(node, resolve=True, throw_on_missing=True) if OmegaConf.is_config(node) else node
    except OmegaConfBaseException as error:
        where = str(error.full_key or path)
        raise ConfigError(f"section {path!r} cannot be resolved at {where!r}: {_reason(error)}", where=where) from error


def given(config: DictConfig, key: str) -> bool:
    """Return whether the top-level `key` is there and not null; an interpolation counts, whatever it resolves to."""
    return key in config.keys() and not _is_null(config, key)  # noqa: SIM118 - `in config` hides keys that do not resolve


def _is_null(config: DictConfig, key: str) -> bool:
    return not OmegaConf.is_interpolation(config, key) and not OmegaConf.is_missing(config, key) and config[key] is None


def _node(config: DictConfig, path: str) -> Any:
    node: Any = config
    for key in path.split("."):
        if not isinstance(node, DictConfig) or key not in node.keys():  # noqa: SIM118 - `in node` hides keys that do not resolve
            known = [str(k) for k in node] if isinstance(node, DictConfig) else []
            hint = did_you_mean(key, known)
            raise ConfigError(f"section {path!r} not found in the configuration", where=path, hint=hint)
        node = node[key]
    return node


def _misfit(path: str, error: msgspec.ValidationError) -> ConfigError:
    reason, _, place = str(error).partition(" - at `$")
    where = path + place.rstrip("`")
    return ConfigError(f"section {path!r} failed validation at {where!r}: {reason}", where=where)


def _from_source(source: ConfigSource) -> DictConfig:
    if not isinstance(source, Mapping):
        return _read(Path(source), ())
    try:
        inline = OmegaConf.create(source if isinstance(source, DictConfig) else dict(source))
    except OmegaConfBaseException as error:
        raise ConfigError(f"inline configuration: {one_line(error)}", where=str(error.full_key or "")) from error
    return _with_includes(inline, Path.cwd(), "inline configuration", ())


def _read(path: Path, including: tuple[Path, ...]) -> DictConfig:
    resolved = path.resolve()
    if resolved in including:
        chain = " -> ".join(p.name for p in (*including, resolved))
        raise ConfigError(f"Circular include: {chain}", file=str(including[-1]))
    if not resolved.is_file():
        by = f", included from {including[-1]}" if including else ""
        raise ConfigError(f"configuration file {path} not found{by}", file=str(including[-1]) if including else "")
    return _with_includes(parse(resolved), resolved.parent, str(resolved), (*including, resolved))


def _with_includes(own: DictConfig, directory: Path, origin: str, including: tuple[Path, ...]) -> DictConfig:
    names = _includes(own, origin)
    own.pop("includes", None)
    return _merged([*(_read(directory / name, including) for name in names), own])


def _includes(own: DictConfig, origin: str) -> list[str]:
    if not given(own, "includes"):
        return []
    names = plain_section(own, "includes")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{origin}: includes must be a list of file names", where="includes")
    return names


def _merged(parts: list[DictConfig]) -> DictConfig:
    try:
        merged = OmegaConf.merge(*parts)
    except (OmegaConfBaseException, TypeError) as error:  # TypeError: a list merged with a mapping
        raise ConfigError(f"the configuration does not merge: {one_line(error)}") from error
    assert isinstance(merged, DictConfig)
    return merged


def _reason(error: OmegaConfBaseException) -> str:
    return (error.msg or str(error)).splitlines()[0]
