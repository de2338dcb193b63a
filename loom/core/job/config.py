"""How a job is queued and retried: what its class says, and what a configuration says instead (`jobs.<ClassName>`)."""

from typing import Annotated, Any

from msgspec import Meta, Struct, structs

Count = Annotated[int, Meta(ge=0)]


class JobConfig(Struct, frozen=True, kw_only=True):
    """`jobs.<ClassName>`: each field replaces the class's own; None leaves it.

    Attributes:
        queue: queue it waits in.
        retries: further attempts after a failure.
        countdown: seconds to wait before the first attempt.
        timeout: seconds an attempt may take.
        priority: higher runs first, where the broker knows priorities.
    """

    queue: str | None = None
    retries: Count | None = None
    countdown: Count | None = None
    timeout: Count | None = None
    priority: Count | None = None


def job_options(job_type: type[Any], override: JobConfig | None = None) -> JobConfig:
    """Return what holds for `job_type`: its class attributes, those `override` gives replaced."""
    declared = {name: getattr(job_type, f"__{name}__", None) for name in JobConfig.__struct_fields__}
    given = {} if override is None else _given(override)
    return JobConfig(**{**declared, "queue": declared["queue"] or "default", **given})


def apply_job_config(job_type: type[Any], config: JobConfig) -> None:
    """Set the class attributes of `job_type` (`__queue__`, `__retries__`, ...) that `config` gives, for this process."""
    for name, value in _given(config).items():
        setattr(job_type, f"__{name}__", value)


def _given(config: JobConfig) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(config).items() if value is not None}
