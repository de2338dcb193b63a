"""What an application's own modules offer to discovery by name."""

from enum import StrEnum


class AppManifestAttr(StrEnum):
    """The lists a manifest module may have; each is optional."""

    MODELS = "MODELS"
    USE_CASES = "USE_CASES"
    INTERFACES = "INTERFACES"
    JOBS = "JOBS"
    CALLBACKS = "CALLBACKS"
    REPOSITORIES = "REPOSITORIES"
