"""The counters and histograms, made once per registry: any number of applications may share one."""

from collections.abc import Iterable
from threading import Lock
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram


class Instruments:
    """What loom measures, on one registry.

    Attributes:
        requests, request_seconds: by method, path template (and status code).
        runs, run_seconds, errors: by use case (and status, or the name of the exception).
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "http_requests_total", "Answered requests.", ("method", "path_template", "status_code"), registry=registry
        )
        self.request_seconds = Histogram(
            "http_request_duration_seconds", "Seconds to an answer.", ("method", "path_template"), registry=registry
        )
        self.runs = Counter(
            "loom_usecase_requests_total", "Runs of use cases and jobs.", ("usecase", "status"), registry=registry
        )
        self.run_seconds = Histogram(
            "loom_usecase_duration_seconds", "Seconds of successful runs.", ("usecase",), registry=registry
        )
        self.errors = Counter(
            "loom_usecase_errors_total", "Runs that failed.", ("usecase", "error_kind"), registry=registry
        )


_made: WeakKeyDictionary[CollectorRegistry, Instruments] = WeakKeyDictionary()
_making = Lock()


def instruments_of(registry: CollectorRegistry | None = None) -> Instruments:
    """Return the instruments of `registry`, the process-wide one by default."""
    with _making:
        chosen = REGISTRY if registry is None else registry
        if chosen not in _made:
            _made[chosen] = Instruments(chosen)
        return _made[chosen]


def known_method(
    method: str, known: Iterable[str] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
) -> str:
    """Return the method as a label; clients invent methods, and must not fill memory with them."""
    return method if method in known else "OTHER"
