"""What changed between two snapshots, in words a developer would use."""

from enum import StrEnum

from msgspec import Struct

from studio.snapshot import Snapshot


class ChangeKind(StrEnum):
    """What happened to the subject."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        kind: added, removed or changed.
        subject: "route", "plan", "step", "command" or "model".
        name: the thing: `POST /users/`, `CreateUserUseCase`, `User`.
        text: the whole sentence: `CreateUserUseCase: rule 2 "email must be valid" changed`.
        plan: key of the plan to link to; "" where there is none.
        step: id of the step to link to; "" where there is none.
    """

    kind: ChangeKind
    subject: str
    name: str
    text: str
    plan: str = ""
    step: str = ""


def diff(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """Return every difference, routes first, then plans step by step, then models; empty where nothing changed."""
    raise NotImplementedError
