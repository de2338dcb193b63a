"""What is wrong with a configuration."""

from loom.core.errors import LoomError


class ConfigError(LoomError):
    """A configuration that cannot be read, or a section that does not fit; the message names file or key."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="invalid_config")
