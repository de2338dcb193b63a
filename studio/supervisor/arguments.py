"""What the supervisor tells a child on its command line. Secrets have no place here: every account can read argv."""

from pathlib import Path

import msgspec
from msgspec import Struct

from loom.core.target import Target


class ChildArguments(Struct, frozen=True, kw_only=True):
    """One JSON argument of `python -m studio.child`.

    Attributes:
        control: inherited file descriptor of the child's end of the control socket.
        listener: inherited file descriptor of the app's listening socket.
        stack: inherited file descriptor that a stack dump is written to.
        parent: process id of the supervisor.
        root: project directory, absolute.
        import_dir: what goes on `sys.path`, absolute.
        module: dotted module that holds the app.
        attribute: name of the ASGI app in it.
    """

    control: int
    listener: int
    stack: int
    parent: int
    root: str
    import_dir: str
    module: str
    attribute: str

    @property
    def target(self) -> Target:
        """The application to serve."""
        return Target(
            root=Path(self.root), import_dir=Path(self.import_dir), module=self.module, attribute=self.attribute
        )


def to_argument(arguments: ChildArguments) -> str:
    """Return `arguments` as text for argv."""
    return msgspec.json.encode(arguments).decode()


def from_argument(text: str) -> ChildArguments:
    """Read what `to_argument` wrote.

    Raises:
        msgspec.ValidationError: it is something else.
    """
    return msgspec.json.decode(text, type=ChildArguments)
