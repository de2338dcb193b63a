"""Serving interfaces over HTTP against fakes: routes, decoding, errors and encoding are the real ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from loom.core.bootstrap import create_kernel
from loom.core.discovery import classes_of
from loom.rest.autocrud import crud_use_case
from loom.testing.fakes import Fakes

if TYPE_CHECKING:
    from fastapi.testclient import TestClient


class HttpTestHarness:
    """Fakes by model, and the application they are served through.

    Jobs are dispatched inline after the use case, and `ApplicationInvoker` can be injected, as in an application.
    """

    def __init__(self) -> None:
        self._fakes = Fakes()

    def inject_repo(self, model: type[Any], fake: Any) -> None:
        """Make `fake` the repository of `model`, by its contract too; one fake class may serve several models."""
        from loom.core.repository.sqlalchemy import get_repository_registration  # keeps SQLAlchemy out of the import

        self._fakes.put(model, fake, model)
        registration = get_repository_registration(model)
        if registration is not None and registration.contract is not None:
            self._fakes.answer_to(registration.contract, model)

    def force_error(self, model: type[Any], method: str, error: BaseException) -> None:
        """Let `method` of the model's repository raise `error`; also once the application is built."""
        self._fakes.fail(model, method, error)

    def simulate_system_error(self, model: type[Any], method: str) -> None:
        """Let `method` of the model's repository fail unexpectedly: the client sees a 500."""
        self._fakes.break_down(model, method)

    def build_app(self, interfaces: Sequence[type[Any]], **fastapi_options: Any) -> "TestClient":
        """Return a client of an application that serves `interfaces`; what it cannot handle is a 500, not an exception.

        Raises:
            CompilationError: with every problem of every use case.
            InterfaceCompilationError: with every problem of every interface.
        """
        from fastapi.testclient import TestClient  # needs an HTTP client library, which only tests have

        from loom.rest.fastapi import create_fastapi_app  # keeps `loom.testing` importable without a web framework

        found = classes_of(interfaces)
        kernel = create_kernel(
            config={},
            use_cases=(*found.use_cases, *found.jobs),
            modules=[self._fakes.register],
            crud=crud_use_case,
        )
        return TestClient(create_fastapi_app(kernel, interfaces, **fastapi_options), raise_server_exceptions=False)
