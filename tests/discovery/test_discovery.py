"""Which classes each way of discovery finds."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from loom.core.config import ConfigError
from loom.core.discovery import (
    DiscoveryResult,
    InterfacesDiscoveryEngine,
    ManifestDiscoveryEngine,
    ModulesDiscoveryEngine,
    classes_of,
)

Project = Callable[[dict[str, str]], None]


def names(result: DiscoveryResult) -> dict[str, list[str]]:
    """Return class names by kind, kinds without any left out."""
    found = {kind: [cls.__name__ for cls in classes] for kind, classes in vars(result).items()}
    return {kind: classes for kind, classes in found.items() if classes}


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (["shop.model"], {"models": ["Item", "Box"]}),
        (["shop.use_cases"], {"use_cases": ["CountItems", "Ping"]}),
        (["shop.interface"], {"interfaces": ["ItemInterface"], "use_cases": ["CountItems"]}),
        (["shop.jobs"], {"jobs": ["Mail"], "callbacks": ["Mailed"]}),
        (["shop.repository"], {"repositories": ["ItemRepository"]}),
        (
            ["shop.interface", "shop.use_cases", "shop.model", "shop.model"],
            {"interfaces": ["ItemInterface"], "use_cases": ["CountItems", "Ping"], "models": ["Item", "Box"]},
        ),
    ],
)
@pytest.mark.usefixtures("shop")
def test_modules_give_what_is_written_in_them(modules: list[str], expected: dict[str, list[str]]) -> None:
    """Own classes count, each once; imported ones and loom's bases do not; routes add their use cases."""
    assert expected == names(ModulesDiscoveryEngine(modules).discover())


def test_an_empty_list_of_modules_is_an_error() -> None:
    """Discovery in no module is a mistake, not an empty application."""
    with pytest.raises(ValueError, match="at least one module"):
        ModulesDiscoveryEngine([]).discover()


def test_a_module_that_is_being_imported_counts(shop: Project) -> None:
    """A module may discover itself while it runs."""
    shop(
        {
            "shop/main.py": """
        from loom.core.discovery import ModulesDiscoveryEngine
        from loom.core.model import BaseModel, ColumnField

        class Note(BaseModel):
            __tablename__ = "discovered_notes"
            id: int = ColumnField(primary_key=True)

        found = ModulesDiscoveryEngine([__name__]).discover()
    """
        }
    )
    from shop import main  # type: ignore[import-not-found]  # written above

    assert {"models": ["Note"]} == names(main.found)


def test_a_running_script_is_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """`__main__` is looked through, not imported again."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))

    assert {} == names(ModulesDiscoveryEngine(["__main__"]).discover())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shop.modle", "did you mean 'shop.model'"),
        ("shop.modle.deeper", "did you mean 'shop.model'"),
        ("shop.qqq", "'shop.qqq' does not exist$"),
        ("shop.model.Item", "does not exist"),
        ("shopp.model", "did you mean 'shop'"),
        ("qqqqqqqqqq", "is app.code_path right"),
        ("", "no dotted module name"),
        (".model", "no dotted module name"),
        ("shop/model.py", "no dotted module name"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_module_that_does_not_exist_is_a_configuration_error(name: str, words: str) -> None:
    """The error names the module, and a neighbour that may have been meant."""
    with pytest.raises(ConfigError, match=words):
        ModulesDiscoveryEngine([name]).discover()


def test_a_missing_module_keeps_its_cause(shop: Project) -> None:
    """The import's own error is chained."""
    with pytest.raises(ConfigError) as caught:
        ModulesDiscoveryEngine(["shop.modle"]).discover()

    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("        def f(:", SyntaxError),
        ("        1 / 0", ZeroDivisionError),
        ("        import nowhere_at_all", ModuleNotFoundError),
        ("        import broken.nowhere", ModuleNotFoundError),
        ("        raise ModuleNotFoundError(name='broken')", ModuleNotFoundError),
        ("        from broken import nowhere", ImportError),
        ("        raise SystemExit(3)", SystemExit),
    ],
)
def test_a_broken_module_raises_its_own_error(project: Project, source: str, error: type[BaseException]) -> None:
    """What goes wrong inside a module comes out as it is."""
    project({"broken/__init__.py": "", "broken/model.py": source})

    with pytest.raises(error) as caught:
        ModulesDiscoveryEngine(["broken.model"]).discover()
    assert type(caught.value) is error


def manifest(*lines: str) -> dict[str, str]:
    imports = (
        "from shop.model import Box, Item",
        "from shop.use_cases import CountItems, Ping",
        "from shop.interface import ItemInterface",
        "from shop.jobs import Mail, Mailed",
        "from shop.repository import ItemRepository",
    )
    return {"shop/manifest.py": "\n".join((*imports, *lines))}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["MODELS = [Item, ...]", "INTERFACES = ()"], {"models": ["Item"]}),
        (["INTERFACES = [ItemInterface, ...]"], {"interfaces": ["ItemInterface"], "use_cases": ["CountItems"]}),
        (["USE_CASES = (Ping, Ping, Mail)"], {"use_cases": ["Ping"], "jobs": ["Mail"]}),
        (["JOBS = [Mail]", "CALLBACKS = [Mailed]"], {"jobs": ["Mail"], "callbacks": ["Mailed"]}),
        (["REPOSITORIES = [ItemRepository]", "MODELS = None"], {"repositories": ["ItemRepository"]}),
    ],
)
def test_a_manifest_gives_its_lists(shop: Project, lines: list[str], expected: dict[str, list[str]]) -> None:
    """Every list is optional, an ellipsis stands for nothing, imports beside the lists do not count."""
    shop(manifest(*lines))

    assert expected == names(ManifestDiscoveryEngine("shop.manifest").discover())


@pytest.mark.parametrize("lines", [[], ["MODELS = []"], ["MODELS = [...]"]])
def test_a_manifest_without_components_is_an_error(shop: Project, lines: list[str]) -> None:
    """A module that lists nothing is no manifest."""
    shop(manifest(*lines))

    with pytest.raises(ValueError, match="exposes no components"):
        ManifestDiscoveryEngine("shop.manifest").discover()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("REPOSITORIES = [Item]", r"shop\.manifest\.REPOSITORIES: .*Item.* must inherit RepositorySQLAlchemy"),
        ("MODELS = [Ping]", r"MODELS: .*Ping.* is no model"),
        ("USE_CASES = [Item]", r"USE_CASES: .*Item.* is no use case or job"),
        ("INTERFACES = ['shop.interface']", r"INTERFACES: 'shop.interface' is no interface"),
        ("CALLBACKS = [Item]", r"CALLBACKS: .*Item.* is no callback"),
    ],
)
def test_an_entry_in_the_wrong_list_is_an_error(shop: Project, line: str, words: str) -> None:
    """What does not belong in a list is refused, not dropped."""
    shop(manifest(line))

    with pytest.raises(TypeError, match=words):
        ManifestDiscoveryEngine("shop.manifest").discover()


@pytest.mark.usefixtures("shop")
def test_interfaces_lead_to_use_cases_and_models() -> None:
    """Models come from the use cases of routes; a module may also be listed for its jobs."""
    engine = InterfacesDiscoveryEngine(["shop.model", "shop.interface", "shop.jobs"], warn_recommended=False)

    expected = {
        "models": ["Item"],
        "use_cases": ["CountItems"],
        "interfaces": ["ItemInterface"],
        "jobs": ["Mail"],
        "callbacks": ["Mailed"],
    }
    assert expected == names(engine.discover())


@pytest.mark.usefixtures("shop")
def test_interfaces_mode_recommends_the_manifest() -> None:
    """Unless told not to, it warns that manifest mode lists models."""
    with pytest.warns(UserWarning, match="manifest"):
        InterfacesDiscoveryEngine(["shop.interface"]).discover()


@pytest.mark.parametrize("modules", [[], ["shop.use_cases"]])
@pytest.mark.usefixtures("shop")
def test_no_interface_is_an_error(modules: list[str]) -> None:
    """Without an interface there is nothing to follow."""
    with pytest.raises(ValueError, match="no RestInterface"):
        InterfacesDiscoveryEngine(modules).discover()


@pytest.mark.usefixtures("shop")
def test_given_interfaces_need_no_module() -> None:
    """Classes at hand lead to the same result as their module."""
    from shop.interface import ItemInterface  # type: ignore[import-not-found]  # written by the fixture

    found: Any = InterfacesDiscoveryEngine(["shop.interface"], warn_recommended=False).discover()
    assert found == classes_of([ItemInterface])
