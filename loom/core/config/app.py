"""The sections an application is configured by, and where its code is."""

from pathlib import Path
from typing import Any

from msgspec import Struct, field
from omegaconf import DictConfig

from loom.core.config.errors import ConfigError
from loom.core.config.loader import section


class ModulesDiscovery(Struct, frozen=True, kw_only=True):
    """`include`: dotted modules to look through."""

    include: list[str] = field(default_factory=list)


class ManifestDiscovery(Struct, frozen=True, kw_only=True):
    """`module`: the module with MODELS, USE_CASES, INTERFACES lists."""

    module: str = ""


class InterfacesDiscovery(Struct, frozen=True, kw_only=True):
    """`modules`: dotted modules with interfaces; `warn_recommended`: suggest manifest mode."""

    modules: list[str] = field(default_factory=list)
    warn_recommended: bool = True


class DiscoveryConfig(Struct, frozen=True, kw_only=True):
    """How classes are found: `mode` is interfaces, modules or manifest."""

    mode: str = "interfaces"
    modules: ModulesDiscovery = ModulesDiscovery()
    manifest: ManifestDiscovery = ManifestDiscovery()
    interfaces: InterfacesDiscovery = InterfacesDiscovery()


class RestConfig(Struct, frozen=True, kw_only=True):
    """The API's face. A null URL switches a documentation page off; `strict_bodies` refuses unknown body fields."""

    backend: str = "fastapi"
    title: str = "Loom API"
    version: str = "0.1.0"
    docs_url: str | None = "/docs"
    redoc_url: str | None = "/redoc"
    strict_bodies: bool = False


class AppConfig(Struct, frozen=True, kw_only=True):
    """`name` is required; `code_path` goes on `sys.path`."""

    name: str
    code_path: str = "src"
    discovery: DiscoveryConfig = DiscoveryConfig()
    rest: RestConfig = RestConfig()


class DatabaseConfig(Struct, frozen=True, kw_only=True):
    """`url` is an async SQLAlchemy URL; None leaves a pool option to the driver's default; `create_all` makes tables."""

    url: str
    echo: bool | None = None
    pool_pre_ping: bool = False
    pool_size: int | None = None
    max_overflow: int | None = None
    pool_timeout: int | None = None
    pool_recycle: int | None = None
    connect_args: dict[str, Any] = field(default_factory=dict)
    create_all: bool = True


class TraceConfig(Struct, frozen=True, kw_only=True):
    """Request ids: taken from and answered in `header`."""

    enabled: bool = True
    header: str = "x-request-id"


class MetricsConfig(Struct, frozen=True, kw_only=True):
    """Prometheus scraping at `path`."""

    enabled: bool = False
    path: str = "/metrics"


class Settings(Struct, frozen=True, kw_only=True):
    """Every section an application reads."""

    app: AppConfig
    database: DatabaseConfig
    trace: TraceConfig = TraceConfig()
    metrics: MetricsConfig = MetricsConfig()


def read_app_config(config: DictConfig) -> Settings:
    """Return the application's settings. A missing optional section is its defaults.

    A top-level `discovery:` is accepted in place of `app.discovery`.

    Raises:
        ConfigError: `app` or `database` is missing, or any section does not fit.
    """
    app = section(config, "app", AppConfig)
    if "discovery" in config and "discovery" not in config["app"]:
        app = AppConfig(
            name=app.name,
            code_path=app.code_path,
            rest=app.rest,
            discovery=_optional(config, "discovery", DiscoveryConfig),
        )
    return Settings(
        app=app,
        database=section(config, "database", DatabaseConfig),
        trace=_optional(config, "trace", TraceConfig),
        metrics=_optional(config, "metrics", MetricsConfig),
    )


def _optional(config: DictConfig, path: str, target: Any) -> Any:
    return section(config, path, target) if config.get(path) is not None else target()


def resolve_code_path(settings: Settings, config_file: Path | None, explicit: str | Path | None = None) -> Path | None:
    """Return the directory of the application's code, or None where `code_path` is left at its default and absent.

    Looked for beside the first configuration file, then below the current directory, then beside the configuration
    directory; `explicit` replaces the setting.

    Raises:
        ConfigError: a path that was asked for explicitly is nowhere.
    """
    wanted = Path(explicit or settings.app.code_path)
    bases = [config_file.resolve().parent] if config_file else []
    bases += [Path.cwd(), *(base.parent for base in bases)]
    for base in bases:
        if (base / wanted).is_dir():
            return (base / wanted).resolve()
    if explicit is not None:
        raise ConfigError(f"code_path {str(wanted)!r} not found; looked in {', '.join(map(str, bases))}")
    return None
