"""The text a Prometheus server collects."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, multiprocess
from prometheus_client.exposition import choose_encoder


def scrape(registry: CollectorRegistry | None = None, accept: str = "") -> tuple[bytes, str]:
    """Return every metric of `registry` and the content type, as the Accept header wants it.

    With `PROMETHEUS_MULTIPROC_DIR` set, and no registry given, the metrics of all processes that share the directory.
    """
    encode, content_type = choose_encoder(accept)
    return encode(registry if registry is not None else _process_wide()), content_type


def _process_wide() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    gathered = CollectorRegistry()
    multiprocess.MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]  # the client's annotations end here
    return gathered
