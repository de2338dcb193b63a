"""The waiting work of the current context, as functions."""

from loom.core.job.outbox import Dispatch, Outbox

_outbox = Outbox()


def add_pending_dispatch(dispatch: Dispatch) -> None:
    """Remember `dispatch` until the running use case commits."""
    _outbox.add(dispatch)


async def flush_pending_dispatches() -> None:
    """Start everything that waits, in order."""
    await _outbox.flush()


def clear_pending_dispatches() -> None:
    """Forget everything that waits."""
    _outbox.discard()
