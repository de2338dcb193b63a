"""From a configuration to the application's settings, and to the directory of its code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loom.core.config import ConfigError, Settings, load_config, read_app_config, resolve_code_path
from loom.core.logger import LoggerConfig, RotatingFileHandlerConfig

Write = Callable[[str, str], Path]
MINIMAL: dict[str, Any] = {"app": {"name": "store"}, "database": {"url": "sqlite+aiosqlite://"}}


def read(**more: Any) -> Settings:
    return read_app_config(load_config(MINIMAL, more))


def test_name_and_url_are_enough() -> None:
    """Everything else has a default."""
    settings = read()

    assert ("src", "interfaces", False, True, "x-request-id", "INFO", ()) == (
        settings.app.code_path,
        settings.app.discovery.mode,
        bool(settings.database.echo),
        settings.database.create_all,
        settings.trace.header,
        settings.logger.level,
        settings.diagnostics,
    )


@pytest.mark.parametrize("name", ["trace", "metrics", "logger", "discovery"])
def test_an_optional_section_may_be_null(name: str) -> None:
    """A section written without content is its defaults."""
    assert read() == read(**{name: None})


@pytest.mark.parametrize("name", ["app", "database"])
def test_a_required_section_is_required(name: str) -> None:
    """Without its name or its database there is no application."""
    content = {key: value for key, value in MINIMAL.items() if key != name}

    with pytest.raises(ConfigError, match=f"'{name}' not found"):
        read_app_config(load_config(content))


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"trace": {"enabled": "perhaps"}}, "trace.enabled"),
        ({"metrics": []}, "metrics"),
        ({"logger": {"handlers": [{"type": "pigeon"}]}}, r"logger.handlers\[0\].type"),
        ({"app": {"rest": {"strict_bodies": 7}}}, "app.rest.strict_bodies"),
        ({"app": {"discovery": {"modules": {"include": "app"}}}}, "app.discovery.modules.include"),
        ({"database": {"pool_size": "big"}}, "database.pool_size"),
        ({"discovery": {"modules": 1}}, "discovery.modules"),
    ],
)
def test_a_malformed_section_is_an_error_that_names_the_key(more: dict[str, Any], where: str) -> None:
    """No section falls back to its defaults because it is wrong."""
    with pytest.raises(ConfigError, match=where):
        read(**more)


@pytest.mark.parametrize(
    ("more", "where", "hint"),
    [
        ({"app": {"rest": {"titel": "x"}}}, "app.rest.titel", "did you mean 'title'?"),
        ({"database": {"pool": 3}}, "database.pool", "did you mean 'pool_size'?"),
        ({"app": {"zzz": 1}}, "app.zzz", ""),
        ({"metric": {"enabled": True}}, "metric", "did you mean 'metrics'?"),
        ({"discovery": {"mod": "x"}}, "discovery.mod", "did you mean 'mode'?"),
    ],
)
def test_an_unknown_key_is_a_warning(more: dict[str, Any], where: str, hint: str) -> None:
    """A key nobody reads is reported with its path and the likely one, and stops nothing."""
    (warning,) = read(**more).diagnostics

    assert ("unknown_config_key", where, hint) == (warning.code, warning.where, warning.hint)


def test_foreign_sections_are_none_of_our_business() -> None:
    """Sections read elsewhere, and those of the user's own, are not mentioned."""
    settings = read(cache={"enabled": True}, celery={"x": 1}, jobs={}, my_feature={"on": True})

    assert () == settings.diagnostics


def test_connect_args_are_free() -> None:
    """What goes to the driver is not checked for unknown keys."""
    settings = read(database={"connect_args": {"anything": 1}})

    assert ({"anything": 1}, ()) == (settings.database.connect_args, settings.diagnostics)


def test_discovery_may_stand_at_top_level() -> None:
    """A top-level `discovery` counts where `app` has none."""
    settings = read(discovery={"mode": "manifest", "manifest": {"module": "app.manifest"}})

    assert ("manifest", "app.manifest") == (settings.app.discovery.mode, settings.app.discovery.manifest.module)


def test_discovery_of_the_app_wins() -> None:
    """Where both are given, `app.discovery` is the one."""
    settings = read(app={"discovery": {"mode": "modules"}}, discovery={"mode": "manifest"})

    assert "modules" == settings.app.discovery.mode


def test_handlers_are_told_apart_by_type() -> None:
    """A logging handler is read by its `type`, leniently."""
    settings = read(
        logger={"level": "DEBUG", "handlers": [{"type": "rotating_file", "filename": "a.log", "backup_count": "2"}]}
    )

    expected = LoggerConfig(level="DEBUG", handlers=(RotatingFileHandlerConfig(filename="a.log", backup_count=2),))
    assert expected == settings.logger


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (("project/config/src", "project/src", "src"), "project/config/src"),
        (("project/src", "src"), "src"),
        (("project/src",), "project/src"),
        ((), None),
    ],
)
def test_code_is_looked_for_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...], expected: str | None
) -> None:
    """Beside the file first, then the current directory, then beside the file's directory; else nowhere."""
    for directory in ("project/config", *present):
        (tmp_path / directory).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path)

    found = resolve_code_path(read(), tmp_path / "project/config/api.yaml")

    assert (tmp_path / expected if expected else None) == found


def test_a_code_path_may_climb(tmp_path: Path) -> None:
    """`../src` is the sibling of the configuration's directory, without dots in the result."""
    (tmp_path / "src").mkdir()
    (tmp_path / "config").mkdir()

    found = resolve_code_path(read(app={"code_path": "../src"}), tmp_path / "config/api.yaml")

    assert tmp_path / "src" == found


def test_an_explicit_code_path_replaces_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller says counts, also without a file."""
    (tmp_path / "src").mkdir()
    (tmp_path / "lib").mkdir()
    monkeypatch.chdir(tmp_path)

    assert tmp_path / "lib" == resolve_code_path(read(), None, "lib")


def test_an_explicit_code_path_must_exist(tmp_path: Path) -> None:
    """A directory asked for and absent is an error that lists where it was looked for."""
    with pytest.raises(ConfigError, match=r"nowhere.*looked in"):
        resolve_code_path(read(), tmp_path / "api.yaml", "nowhere")
