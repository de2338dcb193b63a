"""D43: the error of infrastructure is loom's and the builtin one at once, and no error of the application."""

import builtins

import pytest

from loom.core import errors
from loom.core.errors import DomainError, ErrorCode, LoomError
from loom.rest import HttpErrorMapper


def test_d43_whoever_expects_the_builtin_catches_it() -> None:
    """Code that says `except SystemError` without importing ours works, and so does `except LoomError`."""
    for expected in (builtins.SystemError, LoomError):
        with pytest.raises(expected, match="disk full"):
            raise errors.SystemError("disk full")


def test_d43_it_is_no_domain_error_and_a_500() -> None:
    """Nobody outside can do anything about it, and its body has the same shape as every other."""
    error = errors.SystemError("disk full")
    mapped = HttpErrorMapper().to_http(error)

    assert not isinstance(error, DomainError)
    assert (500, ErrorCode.SYSTEM_ERROR) == (mapped.status_code, error.code)
    assert {"code": "system_error", "message": "disk full", "trace_id": None} == mapped.detail
