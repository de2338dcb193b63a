"""Whether an application is recorded is decided by its environment, and never stands in the way of serving it."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from studio.recorder.install import record
from studio.trace import DEPTH, SOCKET


@pytest.mark.parametrize(
    "environment",
    [{}, {SOCKET: ""}, {SOCKET: "/tmp/nobody.sock", DEPTH: "off"}],
    ids=["nothing set", "empty", "switched off"],
)
def test_an_app_is_recorded_only_where_asked(
    app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """Without a socket to send to, or switched off, the very same application is served."""
    monkeypatch.delenv(SOCKET, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert app is record(app, tmp_path)


def test_an_app_that_loom_did_not_make_is_served_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no plans to record then."""
    monkeypatch.setenv(SOCKET, str(tmp_path / "s.sock"))
    plain = FastAPI()

    assert plain is record(plain, tmp_path)


def test_an_app_that_cannot_be_watched_is_served_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes wrong is logged; the application starts."""
    monkeypatch.setenv(SOCKET, str(tmp_path / "s.sock"))
    odd = SimpleNamespace(state=SimpleNamespace(loom=SimpleNamespace(database_url="", plans=(), kernel=None)))
    with caplog.at_level(logging.ERROR, "loom.studio"):
        served = record(odd, tmp_path)

    assert odd is served
    assert ["this app is served without a recorder"] == [each.message for each in caplog.records]
