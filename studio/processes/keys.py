"""Single keys of the terminal `loom dev` runs in; nothing where it runs in none, or in the background."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple


class Key(NamedTuple):
    """What a key does: a few words for the help, and the deed."""

    words: str
    press: Callable[[], None]


@contextmanager
def single_keys(keys: Mapping[str, Key]) -> Iterator[bool]:
    """Call `press` of each key that is typed, without waiting for Enter; yields whether there is a terminal to type in."""
    descriptor = _terminal()
    if descriptor is None:
        yield False
        return
    import termios  # POSIX only, as is everything that has a terminal of this kind
    import tty

    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def typed() -> None:
        try:
            text = os.read(descriptor, 64).decode(errors="replace")
        except OSError:
            text = ""
        if not text:  # the terminal is gone; its signal ends us, not its silence
            loop.remove_reader(descriptor)
        for letter in text:
            if letter in keys:
                keys[letter].press()

    tty.setcbreak(descriptor)  # Ctrl-C stays a signal
    loop.add_reader(descriptor, typed)
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _terminal() -> int | None:
    """Return the descriptor of the terminal on standard input, where this process is in its foreground."""
    try:
        descriptor = sys.stdin.fileno()
        in_front = os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return None
    return descriptor if in_front else None
