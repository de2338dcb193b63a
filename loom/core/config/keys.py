"""The names of the sections a configuration may have."""

from enum import StrEnum


class ConfigKey(StrEnum):
    """A top-level section."""

    APP = "app"
    DATABASE = "database"
    CELERY = "celery"
    LOGGER = "logger"
    METRICS = "metrics"
    JOBS = "jobs"
