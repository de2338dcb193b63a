"""YAML to typed settings."""

from loom.core.config.app import (
    AppConfig,
    DatabaseConfig,
    DiscoveryConfig,
    MetricsConfig,
    RestConfig,
    Settings,
    TraceConfig,
    WorkerSettings,
)
from loom.core.config.code_path import resolve_code_path
from loom.core.config.errors import ConfigError
from loom.core.config.keys import ConfigKey
from loom.core.config.loader import load_config, section
from loom.core.config.settings import names_broker, read_app_config, read_worker_config
from loom.core.job.config import JobConfig
from loom.core.logger import LoggerConfig

__all__ = [
    "AppConfig",
    "ConfigError",
    "ConfigKey",
    "DatabaseConfig",
    "DiscoveryConfig",
    "JobConfig",
    "LoggerConfig",
    "MetricsConfig",
    "RestConfig",
    "Settings",
    "TraceConfig",
    "WorkerSettings",
    "load_config",
    "names_broker",
    "read_app_config",
    "read_worker_config",
    "resolve_code_path",
    "section",
]
