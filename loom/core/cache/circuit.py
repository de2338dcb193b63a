"""What to do while the cache's server is gone: say so once, stop asking for a moment, then let one caller try again."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from loom.core.cache.abc import CacheUnavailable

_log = logging.getLogger("loom.cache")


class Circuit:
    """Closed while the server answers. It holds no lock and belongs to no event loop.

    Args:
        pause_s: seconds nobody asks after a failure.
        clock: seconds that only grow.
    """

    def __init__(self, pause_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause_s = pause_s
        self._clock = clock
        self._ask_again_at: float | None = None

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Let one request to the server through.

        Raises:
            CacheUnavailable: it failed, or it is too early to ask again.
        """
        self._refuse_early()
        try:
            yield
        except (TypeError, ValueError, OverflowError):
            raise  # the caller's value, not the server
        except Exception as error:
            self._failed(error)
            raise CacheUnavailable(str(error)) from error
        self._worked()

    def _refuse_early(self) -> None:
        if self._ask_again_at is None:
            return
        if self._clock() < self._ask_again_at:
            raise CacheUnavailable("it did not answer a moment ago")
        self._ask_again_at = self._clock() + self._pause_s  # this caller tries, the others wait for it

    def _failed(self, error: Exception) -> None:
        if self._ask_again_at is None:
            _log.warning("the cache is out of reach, going on without it: %s: %s", type(error).__qualname__, error)
        self._ask_again_at = self._clock() + self._pause_s

    def _worked(self) -> None:
        if self._ask_again_at is not None:
            _log.info("the cache answers again")
            self._ask_again_at = None
