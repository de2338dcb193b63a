"""From a configuration to the application's `Settings`, with a warning for every key that nobody reads."""

from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec import Struct, structs
from omegaconf import DictConfig

from loom.core.cache.config import CacheConfig
from loom.core.config.app import (
    AppConfig,
    DatabaseConfig,
    DiscoveryConfig,
    MetricsConfig,
    Settings,
    TraceConfig,
    WorkerSettings,
)
from loom.core.config.loader import given, load_config, plain_section, section
from loom.core.errors import Diagnostic, did_you_mean
from loom.core.job.config import JobConfig
from loom.core.logger import LoggerConfig

SectionT = TypeVar("SectionT", bound=Struct)

_SECTIONS: dict[str, type[Struct]] = {
    "app": AppConfig,
    "database": DatabaseConfig,
    "trace": TraceConfig,
    "metrics": MetricsConfig,
    "logger": LoggerConfig,
    "discovery": DiscoveryConfig,
    "cache": CacheConfig,
}
_WORKER_DEFAULTS = {"app": {"name": "worker", "discovery": {"mode": "modules"}}}
_READ_ELSEWHERE = frozenset({"celery"})


def read_app_config(config: DictConfig) -> Settings:
    """Return the application's settings. A missing or null optional section is its defaults.

    A top-level `discovery:` is accepted in place of `app.discovery`. Unknown keys become `Settings.diagnostics`; an
    unknown section is only mentioned where its name resembles a known one.

    Raises:
        ConfigError: `app` or `database` is missing, or any section does not fit; the message names the key.
    """
    app = section(config, "app", AppConfig)
    if given(config, "discovery") and "discovery" not in config["app"]:
        app = structs.replace(app, discovery=section(config, "discovery", DiscoveryConfig))
    return Settings(
        app=app,
        database=section(config, "database", DatabaseConfig),
        trace=_optional(config, "trace", TraceConfig),
        metrics=_optional(config, "metrics", MetricsConfig),
        logger=_optional(config, "logger", LoggerConfig),
        jobs=_jobs(config),
        cache=_cache(config),
        diagnostics=tuple(_warnings(config)),
    )


def read_worker_config(config: DictConfig) -> WorkerSettings:
    """Return a worker's settings; every section may be missing, and `app.discovery.mode` is "modules" by default.

    Raises:
        ConfigError: a section does not fit; the message names the key.
    """
    own = given(config, "app") and "discovery" in config["app"]
    listed = config["discovery"] if given(config, "discovery") and not own else {}
    whole = load_config(_WORKER_DEFAULTS, {"app": {"discovery": listed}}, config)
    return WorkerSettings(
        app=section(whole, "app", AppConfig),
        discovers=own or bool(listed),
        database=section(config, "database", DatabaseConfig) if given(config, "database") else None,
        logger=section(config, "logger", LoggerConfig) if given(config, "logger") else None,
        jobs=_jobs(config),
        cache=_cache(config),
    )


def _cache(config: DictConfig) -> CacheConfig | None:
    return section(config, "cache", CacheConfig) if given(config, "cache") else None


def names_broker(config: DictConfig) -> bool:
    """Return whether a `celery` section is there and in use: it is eager, or its `broker_url` is anything but null or "".

    Raises:
        ConfigError: an interpolation in it has no value.
    """
    if not given(config, "celery"):
        return False
    plain = plain_section(config, "celery")
    if not isinstance(plain, dict) or plain.get("task_always_eager"):
        return True
    return plain.get("broker_url", "missing") not in (None, "")


def _jobs(config: DictConfig) -> dict[str, JobConfig]:
    return section(config, "jobs", dict[str, JobConfig]) if given(config, "jobs") else {}


def _optional(config: DictConfig, path: str, target: type[SectionT]) -> SectionT:
    return section(config, path, target) if given(config, path) else target()


def _warnings(config: DictConfig) -> Iterator[Diagnostic]:
    for name, target in _SECTIONS.items():
        if given(config, name):
            yield from _unknown_keys(plain_section(config, name), target, name)
    for name, plain in (plain_section(config, "jobs") if given(config, "jobs") else {}).items():
        yield from _unknown_keys(plain, JobConfig, f"jobs.{name}")
    for key in map(str, config):
        hint = did_you_mean(key, _SECTIONS)
        if key not in _SECTIONS and key not in (*_READ_ELSEWHERE, "jobs") and hint:
            yield _unknown(key, hint)


def _unknown_keys(plain: Any, target: type[Struct], path: str) -> Iterator[Diagnostic]:
    known = {field.encode_name: field.type for field in structs.fields(target)}
    for key, value in plain.items():
        where = f"{path}.{key}"
        if key not in known:
            yield _unknown(where, did_you_mean(str(key), known))
        elif isinstance(value, dict) and isinstance(known[key], type) and issubclass(known[key], Struct):
            yield from _unknown_keys(value, known[key], where)


def _unknown(where: str, hint: str) -> Diagnostic:
    return Diagnostic(code="unknown_config_key", message="nothing reads this key", where=where, hint=hint)
