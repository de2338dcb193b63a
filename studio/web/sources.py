"""Which places in the source a browser may ask to open: those the studio drew itself, named by ids that say nothing.

A request never carries a path. It carries an id issued here, and the path behind it is ours.
"""

import hashlib
import secrets
from collections import OrderedDict

from msgspec import Struct

KEPT = 4096


class Place(Struct, frozen=True):
    """One line of one file; `file` is absolute, `line` 1-based."""

    file: str
    line: int


class SourceIds:
    """Issues an id per place and finds the place again; the oldest ids are forgotten beyond `KEPT`."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._key = secrets.token_bytes(32)
        self._places: OrderedDict[str, Place] = OrderedDict()

    def issue(self, file: str, line: int) -> str:
        """Return the id of `line` in `file`: the same for the same place, another in every run of the studio."""
        digest = hashlib.blake2b(f"{file}\0{line}".encode("utf-8", "replace"), key=self._key, digest_size=12)
        id_ = digest.hexdigest()
        self._places[id_] = Place(file, line)
        self._places.move_to_end(id_)
        if len(self._places) > self._kept:
            self._places.popitem(last=False)
        return id_

    def find(self, id_: str) -> Place | None:
        """Return the place behind `id_`; None where it was never issued or is forgotten."""
        return self._places.get(id_)
