"""Logging with fields: loggers, factories, and what a record looks like where it is written."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from loom.core.logger import (
    Environment,
    FileHandlerConfig,
    LogConfig,
    LoggerPort,
    Renderer,
    RotatingFileHandlerConfig,
    StreamHandlerConfig,
    StructLogger,
    configure_logger_factory,
    configure_logging,
    configure_logging_from_values,
    get_logger,
    reset_logger_factory,
)
from loom.core.tracing import reset_trace_id, set_trace_id


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave the root logger, structlog and the factory as they were."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    for handler in [h for h in root.handlers if h not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    reset_logger_factory()


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the one JSON record written to stdout."""
    record: dict[str, Any] = json.loads(capsys.readouterr().out)
    return record


def test_a_record_has_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Bound and given fields are written; one given at the call wins."""
    configure_logging_from_values(environment="prod", name="store")
    StructLogger("shop", bound_fields={"a": 1}).bind(b=2, c=2).info("sold", c=3)

    record = written(capsys)
    record.pop("timestamp")
    expected = {"level": "info", "logger": "shop", "event": "sold", "service": "store", "a": 1, "b": 2, "c": 3}
    assert expected == record


def test_binding_returns_another_logger(capsys: pytest.CaptureFixture[str]) -> None:
    """The logger that was bound stays as it was."""
    configure_logging_from_values(environment="prod")
    log = get_logger("shop")
    log.bind(a=1)
    log.info("sold")

    assert "a" not in written(capsys)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_every_method_has_its_level(capsys: pytest.CaptureFixture[str], level: str) -> None:
    """The method's name is the record's level."""
    configure_logging_from_values(environment="prod", level="debug")
    getattr(get_logger("shop"), level)("sold")

    assert level == written(capsys)["level"]


def test_an_exception_is_written_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """`exception` adds what is being handled."""
    configure_logging_from_values(environment="prod")
    try:
        1 / 0  # noqa: B018 - raises
    except ZeroDivisionError:
        get_logger("shop").exception("failed")

    assert "ZeroDivisionError" in written(capsys)["exception"]


def test_the_trace_id_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Inside a request every record carries its id."""
    configure_logging_from_values(environment="prod")
    token = set_trace_id("t-1")
    logging.getLogger("anyone").warning("plain %s", "text")
    reset_trace_id(token)

    record = written(capsys)
    assert ("t-1", "plain text") == (record["trace_id"], record["event"])


def test_fields_forge_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A field named like a fact of the record does not replace it, and values cannot start a new line."""
    configure_logging_from_values(renderer="console", colors=False)
    get_logger("shop").info("sold\n2026 fake", level="error", name="x\ny")

    text = capsys.readouterr().out
    assert 1 == text.count("\n")
    assert " info " in text
    assert r"name='x\ny'" in text


@pytest.mark.parametrize("value", [object(), {1: object()}, {("a", 1): 2}, float("nan"), b"\xff", "\ud800"])
def test_any_value_can_be_written(capsys: pytest.CaptureFixture[str], value: Any) -> None:
    """A value JSON has no word for does not lose the record."""
    configure_logging_from_values(environment="prod")
    get_logger("shop").info("sold", value=value)

    assert "sold" in written(capsys)["event"]


def test_a_percent_sign_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """An event is not a format string."""
    configure_logging_from_values(environment="prod")
    get_logger("shop").info("100 %s sure")

    assert "100 %s sure" == written(capsys)["event"]


@pytest.mark.parametrize(
    ("values", "coloured", "json_"),
    [
        ({}, True, False),
        ({"environment": "unheard of"}, True, False),
        ({"environment": "prod"}, False, True),
        ({"environment": "prod", "renderer": "console"}, False, False),
        ({"colors": False}, False, False),
        ({"renderer": "json"}, False, True),
    ],
)
def test_the_environment_decides_what_is_left_open(
    capsys: pytest.CaptureFixture[str], values: dict[str, Any], coloured: bool, json_: bool
) -> None:
    """Development is a coloured console, production is JSON, and what is said explicitly counts."""
    configure_logging_from_values(**values)
    get_logger("shop").info("sold")

    text = capsys.readouterr().out
    assert (coloured, json_) == ("\x1b[" in text, text.startswith("{"))


@pytest.mark.parametrize(
    ("values", "words"), [({"renderer": "xml"}, "Unsupported renderer"), ({"level": "LOUD"}, "unknown level")]
)
def test_an_unknown_choice_is_refused(values: dict[str, Any], words: str) -> None:
    """Renderer and level must exist."""
    with pytest.raises(ValueError, match=words):
        configure_logging_from_values(**values)


def test_configuring_again_replaces_the_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    """A second call does not write records twice, and leaves handlers of others alone."""
    foreign = logging.NullHandler()
    logging.getLogger().addHandler(foreign)
    configure_logging_from_values(environment="prod")
    configure_logging_from_values(environment="prod")
    get_logger("shop").info("sold")

    assert "sold" == written(capsys)["event"]
    assert foreign in logging.getLogger().handlers


@pytest.mark.parametrize("kind", [FileHandlerConfig, RotatingFileHandlerConfig])
def test_records_go_to_a_file(tmp_path: Path, kind: Any) -> None:
    """A file handler makes the directory it needs."""
    file = tmp_path / "logs/app.log"
    configure_logging_from_values(environment="prod", handlers=[kind(filename=str(file))])
    get_logger("shop").info("sold")

    assert "sold" == json.loads(file.read_text())["event"]


def test_records_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream handler writes where it is told."""
    configure_logging(LogConfig(handlers=(StreamHandlerConfig(stream="stderr"),)))
    get_logger("shop").info("sold")

    captured = capsys.readouterr()
    assert ("", True) == (captured.out, "sold" in captured.err)


def test_extra_processors_see_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    """A processor may change what is rendered."""

    def shout(_: Any, level: str, fields: Any) -> Any:
        return {"event": f"{level}: {fields['event'].upper()}"}

    configure_logging(LogConfig(renderer=Renderer.JSON, extra_processors=(shout,)))
    get_logger("shop").info("sold")

    assert {"event": "info: SOLD"} == written(capsys)


def test_the_factory_makes_the_loggers() -> None:
    """A configured factory is asked for every logger until it is reset."""
    configure_logger_factory(lambda name: StructLogger(f"mine.{name}", bound_fields={"x": 1}))
    mine = get_logger("shop")
    reset_logger_factory()

    assert isinstance(mine, LoggerPort)
    assert mine is not get_logger("shop")


def test_the_caller_s_line_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    """A record points at the code that logged, not at the logger."""
    with caplog.at_level("INFO", logger="shop"):
        get_logger("shop").info("sold")

    assert "test_logger.py" == caplog.records[0].filename


@pytest.mark.parametrize(("text", "expected"), [("PROD", Environment.PROD), ("dev", Environment.DEV), ("", "dev")])
def test_an_environment_is_read_from_text(text: str, expected: str) -> None:
    """Anything but production is development."""
    assert expected == Environment.from_str(text)


def test_structlog_s_own_loggers_go_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    """An application that logs with `structlog.get_logger()` shares handlers, levels and the request's fields."""
    configure_logging_from_values(environment="prod")
    with structlog.contextvars.bound_contextvars(order=7):
        structlog.get_logger().info("sold", sku="a")
        structlog.get_logger().debug("not shown")

    record = written(capsys)
    assert (__name__, "sold", "a", 7) == (record["logger"], record["event"], record["sku"], record["order"])


def test_bound_context_is_part_of_every_record(capsys: pytest.CaptureFixture[str]) -> None:
    """`StructLogger` adds what is bound to the context, a field of its own wins, and an event is never replaced."""
    configure_logging_from_values(environment="prod")
    with structlog.contextvars.bound_contextvars(order=7, sku="a"):
        get_logger("shop").info("sold", sku="b", event="forged")

    record = written(capsys)
    assert (7, "b", "sold") == (record["order"], record["sku"], record["event"])


@pytest.mark.parametrize("method", ["info", "exception"])
def test_the_caller_s_line_is_recorded_for_structlog_too(caplog: pytest.LogCaptureFixture, method: str) -> None:
    """However many frames the libraries add, a record points at the code that logged."""
    configure_logging_from_values()
    with caplog.at_level("INFO"):
        getattr(structlog.get_logger("shop"), method)("sold")
        getattr(get_logger("shop"), method)("sold")

    assert ["test_logger.py"] * 2 == [record.filename for record in caplog.records]
