"""D42: the core, and interfaces as declarations, need no web framework, broker, cache or metrics client."""

import subprocess
import sys

import pytest

BLOCKED = ("fastapi", "starlette", "pydantic", "celery", "kombu", "prometheus_client", "aiocache", "redis")
PROGRAM = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
import loom.core
names = {names}
for name in names:
    importlib.import_module(name)
print(len(names))
"""
CORE = "[m.name for m in pkgutil.walk_packages(loom.core.__path__, 'loom.core.') if not m.name.startswith('loom.core.cache')]"
DECLARING = "['loom.rest.model', 'loom.rest.autocrud', 'loom.core.discovery']"


@pytest.mark.parametrize(("names", "least"), [(CORE, 40), (DECLARING, 3)])
def test_d42_importing_needs_the_base_install_only(names: str, least: int) -> None:
    """Every module of the core imports where the optional packages are absent."""
    blocked = BLOCKED if names == CORE else tuple(b for b in BLOCKED if b != "starlette")
    program = PROGRAM.format(blocked=blocked, names=names)

    answer = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)

    assert ("", True) == (answer.stderr, int(answer.stdout or 0) >= least)


def test_d42_importing_starts_nothing() -> None:
    """Importing loom, Celery's side included, starts no thread and makes no event loop."""
    program = (
        "import threading, asyncio, loom.celery, loom.rest.fastapi.auto\n"
        "print(threading.active_count(), asyncio._get_running_loop())\n"
    )

    answer = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)

    assert "1 None\n" == answer.stdout
