"""What is wrong with a configuration."""

from loom.core.errors import Diagnostic, LoomError


class ConfigError(LoomError):
    """A configuration that cannot be read, or a section that does not fit; the message names file or key.

    Attributes:
        diagnostic: the same as data; `file` and `line` are set where one file is to blame, `where` where one key is.
    """

    def __init__(self, message: str, *, file: str = "", line: int = 0, where: str = "", hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message, code="invalid_config")
        self.diagnostic = Diagnostic(
            code="invalid_config", message=message, file=file, line=line, where=where, hint=hint
        )
