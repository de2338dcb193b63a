"""What an application may import is where the table says."""

import subprocess
import sys
from importlib import import_module

import pytest

from tests.contract.names import EXACT, PACKAGES, SAME, Row


@pytest.mark.parametrize("row", [*EXACT, *PACKAGES], ids=lambda row: f"{row.path}-{row.names.split()[0]}")
def test_every_name_of_the_table_is_importable_from_its_path(row: Row) -> None:
    """Each promised name is an attribute of its path."""
    module = import_module(row.path)

    assert [] == [name for name in row.names.split() if not hasattr(module, name)]


@pytest.mark.parametrize(("name", "paths"), [(name, paths) for name, *paths in SAME], ids=[name for name, *_ in SAME])
def test_a_name_is_one_object_under_all_its_paths(name: str, paths: list[str]) -> None:
    """A deep path and a re-export give the same object."""
    first, *others = (getattr(import_module(path), name) for path in paths)

    assert [first] * len(others) == others
    assert all(other is first for other in others)


def test_the_core_is_imported_without_what_is_optional() -> None:
    """Every promised path of the core, `loom.rest` and `loom.testing` bring in no web framework, database or broker library."""
    paths = {row.path for row in (*EXACT, *PACKAGES) if row.path.startswith("loom.core.")}
    wanted = sorted(paths - {"loom.core.backend.sqlalchemy", "loom.core.repository.sqlalchemy"})
    heavy = "fastapi pydantic celery prometheus_client aiocache sqlalchemy"
    code = (
        f"import sys, importlib\nfor p in {[*wanted, 'loom.rest', 'loom.testing']!r}: importlib.import_module(p)\n"
        f"print(*[m for m in {heavy!r}.split() if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "" == done.stdout.strip()
