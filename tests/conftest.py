"""What `make check` leaves out: rooms that start processes or storm a database, and all that needs a server."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SLOW = (
    "applications",
    "benchmarks",
    "boundary",
    "cli",
    "docs/test_code_blocks.py",
    "migrate",
    "store/test_generated_client.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rooms = tuple(ROOT / name for name in SLOW)
    for item in items:
        needs_server = any(item.get_closest_marker(server) for server in ("postgres", "redis"))
        if needs_server or any(item.path.is_relative_to(room) for room in rooms):
            item.add_marker(pytest.mark.slow)
