"""The documentation is complete: every public name is documented, every configuration key is listed, the site builds."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import loom
from docs.settings_table import TABLE, table
from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "pages" / "reference"
DOCUMENTED = sorted(
    {name for page in REFERENCE.glob("*.md") for name in re.findall(r"^::: (\S+)", page.read_text(), re.MULTILINE)}
)
PACKAGE = Path(loom.__file__).parent


def public_modules() -> list[str]:
    """Return the modules of loom that say what they offer."""
    sources = [path for path in PACKAGE.rglob("*.py") if re.search(r"^__all__", path.read_text(), re.MULTILINE)]
    names = [".".join(("loom", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in sources]
    return sorted(name.removesuffix(".__init__") for name in names)


@pytest.mark.parametrize("module", DOCUMENTED)
def test_every_public_name_says_what_it_does(module: str) -> None:
    """Classes and functions a module offers have a docstring of their own."""
    found = importlib.import_module(module)
    names = getattr(found, "__all__", [name for name in vars(found) if not name.startswith("_")])
    things = [getattr(found, name) for name in names]
    ours = [thing for thing in things if getattr(thing, "__module__", "").startswith("loom.")]
    silent = [
        thing for thing in ours if inspect.isroutine(thing) | inspect.isclass(thing) and not inspect.getdoc(thing)
    ]

    assert silent == []


def test_every_module_that_offers_names_is_in_the_reference() -> None:
    """A module with `__all__` has its place in the reference, or its names are those of modules that have."""
    covered = tuple(f"{name}." for name in DOCUMENTED)
    shown = {id(thing) for name in DOCUMENTED for thing in vars(importlib.import_module(name)).values()}
    missing = [
        name
        for name in public_modules()
        if name not in DOCUMENTED
        and not name.startswith(covered)
        and not {id(getattr(importlib.import_module(name), each)) for each in importlib.import_module(name).__all__}
        <= shown
    ]

    assert missing == []


def test_the_table_of_configuration_keys_is_current() -> None:
    """The table in the guide is the one the settings types give; `python -m docs.settings_table` writes it."""
    assert TABLE.read_text() == table()


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Links, references and navigation hold: the strict build passes."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", ROOT / "docs" / "mkdocs.yml"]
    built = subprocess.run([*command, "--site-dir", tmp_path / "site"], capture_output=True, text=True, check=False)

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "reference" / "model" / "index.html").is_file()
