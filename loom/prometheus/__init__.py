"""Counting runs and requests for Prometheus. Needs the extra `prometheus`."""

from loom.prometheus.adapter import PrometheusMetricsAdapter
from loom.prometheus.middleware import PrometheusMiddleware
from loom.prometheus.scrape import scrape

__all__ = ["PrometheusMetricsAdapter", "PrometheusMiddleware", "scrape"]
