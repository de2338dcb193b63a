"""The sections an application is configured by, as typed values. Reading them is not here."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from loom.core.cache.config import CacheConfig
from loom.core.errors import Diagnostic
from loom.core.job.config import JobConfig
from loom.core.logger import LoggerConfig


class ModulesDiscovery(Struct, frozen=True, kw_only=True):
    """`app.discovery.modules`.

    Attributes:
        include: dotted modules whose own classes make the application, in this order.
    """

    include: list[str] = field(default_factory=list)


class ManifestDiscovery(Struct, frozen=True, kw_only=True):
    """`app.discovery.manifest`.

    Attributes:
        module: dotted module with the lists MODELS, USE_CASES, INTERFACES, JOBS, CALLBACKS, REPOSITORIES.
    """

    module: str = ""


class InterfacesDiscovery(Struct, frozen=True, kw_only=True):
    """`app.discovery.interfaces`.

    Attributes:
        modules: dotted modules whose interfaces make the application.
        warn_recommended: suggest manifest mode with a warning.
    """

    modules: list[str] = field(default_factory=list)
    warn_recommended: bool = True


class DiscoveryConfig(Struct, frozen=True, kw_only=True):
    """`app.discovery`: how classes are found.

    Attributes:
        mode: "interfaces", "modules" or "manifest"; only the section of that name is read.
        modules: for mode "modules".
        manifest: for mode "manifest".
        interfaces: for mode "interfaces".
    """

    mode: str = "interfaces"
    modules: ModulesDiscovery = ModulesDiscovery()
    manifest: ManifestDiscovery = ManifestDiscovery()
    interfaces: InterfacesDiscovery = InterfacesDiscovery()


class RestConfig(Struct, frozen=True, kw_only=True):
    """`app.rest`: the API's face.

    Attributes:
        backend: name of the web framework; informative.
        title: title of the OpenAPI document.
        version: version of the OpenAPI document.
        docs_url: path of Swagger UI; None switches it off.
        redoc_url: path of ReDoc; None switches it off.
        strict_bodies: refuse body fields a command does not have, instead of ignoring them, and content types that are
            not JSON, instead of reading them as JSON.
        max_body_bytes: the largest request body that is read.
        health_path: where the process says that it answers; None switches it off.
        ready_path: where it says whether its database answers; None switches it off.
    """

    backend: str = "fastapi"
    title: str = "Loom API"
    version: str = "0.1.0"
    docs_url: str | None = "/docs"
    redoc_url: str | None = "/redoc"
    strict_bodies: bool = False
    max_body_bytes: Annotated[int, Meta(ge=1)] = 1024 * 1024
    health_path: str | None = "/health"
    ready_path: str | None = "/ready"


class AppConfig(Struct, frozen=True, kw_only=True):
    """`app`.

    Attributes:
        name: what the application is called; required.
        code_path: directory of its modules, put on `sys.path`; see `resolve_code_path` for what it is relative to.
        discovery: how its classes are found.
        rest: the API's face.
    """

    name: str
    code_path: str = "src"
    discovery: DiscoveryConfig = DiscoveryConfig()
    rest: RestConfig = RestConfig()


class DatabaseConfig(Struct, frozen=True, kw_only=True):
    """`database`. A pool option left at None takes the driver's default.

    Attributes:
        url: async SQLAlchemy URL (`sqlite+aiosqlite`, `postgresql+asyncpg`); required.
        echo: log every statement; None is False.
        pool_pre_ping: test a connection whenever it leaves the pool, at the price of a round trip.
        pool_size: connections kept open.
        max_overflow: connections beyond `pool_size` under load.
        pool_timeout: seconds to wait for a connection, after which a request is answered with 503.
        pool_recycle: seconds after which a connection is replaced.
        connect_args: handed to the driver's `connect` as they are.
        create_all: make missing tables at start; False where migrations do.
        fast_path: let the driver read by itself what needs nothing of SQLAlchemy but the text.
    """

    url: str
    echo: bool | None = None
    pool_pre_ping: bool = False
    pool_size: int | None = None
    max_overflow: int | None = None
    pool_timeout: float = 2
    pool_recycle: int | None = None
    connect_args: dict[str, Any] = field(default_factory=dict)
    create_all: bool = True
    fast_path: bool = True


class TraceConfig(Struct, frozen=True, kw_only=True):
    """`trace`: request ids.

    Attributes:
        enabled: give every request an id.
        header: where it is taken from and answered.
    """

    enabled: bool = True
    header: str = "x-request-id"


class MetricsConfig(Struct, frozen=True, kw_only=True):
    """`metrics`: Prometheus scraping.

    Attributes:
        enabled: count, and serve the counts.
        path: where they are served.
    """

    enabled: bool = False
    path: str = "/metrics"


class Settings(Struct, frozen=True, kw_only=True):
    """Every section an application reads.

    Attributes:
        app: required.
        database: required.
        trace: request ids.
        metrics: Prometheus scraping.
        logger: levels, renderer and handlers of logging.
        jobs: by class name of a job, what replaces the class's own options.
        cache: how repositories are cached; None where there is no such section: they are not.
        diagnostics: warnings about the configuration: keys nobody reads, each with what may have been meant.
    """

    app: AppConfig
    database: DatabaseConfig
    trace: TraceConfig = TraceConfig()
    metrics: MetricsConfig = MetricsConfig()
    logger: LoggerConfig = LoggerConfig()
    jobs: dict[str, JobConfig] = field(default_factory=dict)
    cache: CacheConfig | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """Every section a worker reads; it may do without a database, and finds jobs by modules unless told otherwise.

    Attributes:
        app: name, code path and discovery.
        discovers: whether the configuration says where classes are.
        database: None runs without repositories.
        logger: as in `Settings`; None where the section is missing.
        jobs: as in `Settings`.
        cache: as in `Settings`, so that what a job writes is forgotten there too.
    """

    app: AppConfig
    discovers: bool = False
    database: DatabaseConfig | None = None
    logger: LoggerConfig | None = None
    jobs: dict[str, JobConfig] = field(default_factory=dict)
    cache: CacheConfig | None = None
