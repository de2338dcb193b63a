"""YAML to typed settings."""

from loom.core.config.app import (
    AppConfig,
    DatabaseConfig,
    RestConfig,
    Settings,
    TraceConfig,
    read_app_config,
    resolve_code_path,
)
from loom.core.config.errors import ConfigError
from loom.core.config.loader import load_config, section

__all__ = [
    "AppConfig",
    "ConfigError",
    "DatabaseConfig",
    "RestConfig",
    "Settings",
    "TraceConfig",
    "load_config",
    "read_app_config",
    "resolve_code_path",
    "section",
]
