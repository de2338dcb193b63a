"""Choosing the repository class of a model, and who gets the instance."""

import sys
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from httpx import ASGITransport, AsyncClient

from loom.core.backend.sqlalchemy import Tables
from loom.core.command import Command
from loom.core.di import LoomContainer
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.abc import RepoFor
from loom.core.repository.sqlalchemy import (
    RepositoryRegistration,
    RepositorySQLAlchemy,
    SessionManager,
    build_repository_registration_module,
    get_repository_registration,
    repository_for,
    with_session_scope,
)
from loom.core.use_case import Input, LoadById, UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute


def model(name: str) -> type[Any]:
    """A model of its own for each call, so that registrations of tests do not meet."""
    namespace = {
        "__module__": __name__,
        "__qualname__": f"{name}{uuid4().hex}",
        "__tablename__": f"reg_{name.lower()}",
        "__annotations__": {"id": int, "name": str},
        "id": ColumnField(primary_key=True, autoincrement=True),
        "name": ColumnField(length=40),
    }
    return type(BaseModel)(name, (BaseModel,), namespace)


def custom(name: str = "Custom") -> type[Any]:
    return type(name, (RepositorySQLAlchemy,), {"__module__": __name__, "__qualname__": name})


class Contract(RepoFor[Any], Protocol):
    async def shout(self, obj_id: int) -> str: ...


def test_a_registration_says_which_class_and_contract() -> None:
    """What the decorator was told can be read back; a model nobody spoke of has none."""
    thing, repository = model("Thing"), custom()

    repository_for(thing, contract=Contract)(repository)

    assert RepositoryRegistration(thing, repository, Contract) == get_repository_registration(thing)
    assert get_repository_registration(model("Thing")) is None


def test_a_class_may_be_registered_again() -> None:
    """The same class, and the same class imported anew, replace the registration."""
    thing, first, again = model("Thing"), custom("Mine"), custom("Mine")

    repository_for(thing)(first)
    repository_for(thing)(first)
    repository_for(thing)(again)

    registration = get_repository_registration(thing)
    assert registration is not None
    assert registration.repository_type is again


def test_a_model_has_one_repository_class() -> None:
    """A different class for the same model is refused, and both are named."""
    thing = model("Thing")
    repository_for(thing)(custom("One"))

    with pytest.raises(RuntimeError, match=r"One already, not by .*Two"):
        repository_for(thing)(custom("Two"))


def test_a_contract_stands_for_one_model() -> None:
    """The same contract for another model is refused."""

    class Mine(RepoFor[Any], Protocol): ...

    repository_for(model("One"), contract=Mine)(custom("ForOne"))

    with pytest.raises(RuntimeError, match="Mine stands for the repository of One"):
        repository_for(model("Two"), contract=Mine)(custom("ForTwo"))


def test_only_repositories_can_be_registered() -> None:
    """A class that does not inherit RepositorySQLAlchemy is a TypeError."""
    with pytest.raises(TypeError, match="must inherit RepositorySQLAlchemy"):
        repository_for(model("Thing"))(type("Nope", (), {}))


async def test_everybody_gets_the_same_instance(tmp_path: Path) -> None:
    """By model, by contract and by class the container gives one repository; other models get the plain one."""
    thing, other, repository = model("Thing"), model("Other"), custom()
    repository_for(thing, contract=Contract)(repository)
    tables = Tables()
    tables.compile(thing, other)
    manager = SessionManager(f"sqlite+aiosqlite:///{tmp_path}/test.db", tables=tables)
    container = LoomContainer()

    build_repository_registration_module(manager, [thing, other])(container)

    found = container.resolve_repo(thing)
    assert type(found) is repository
    assert found is container.resolve(Contract) is container.resolve(repository)
    assert type(container.resolve_repo(other)) is RepositorySQLAlchemy
    assert manager is container.resolve(SessionManager)
    await manager.dispose()


class Word(BaseModel):
    __tablename__ = "reg_words"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    text: str = ColumnField(length=40)


class NewWord(Command, frozen=True):
    text: str


class Words(RepoFor[Word], Protocol):
    async def longest(self) -> str: ...


@repository_for(Word, contract=Words)
class WordRepository(RepositorySQLAlchemy[Word, int]):
    async def create(self, data: Any) -> Word:
        return await super().create({"text": data.text.strip()})

    @with_session_scope
    async def longest(self, session: Any) -> str:
        core = self._effective_core_model
        rows = await core.fetch_all(session, core.select())
        return max((row.text for row in rows), key=len)


class AddWord(UseCase[Word, Word]):
    async def execute(self, cmd: NewWord = Input()) -> Word:
        return await self.main_repo.create(cmd)


class Compare(UseCase[Word, dict[str, Any]]):
    read_only = True

    def __init__(self, words: Words, plain: RepoFor[Word], exact: WordRepository) -> None:
        self._words, self._plain, self._exact = words, plain, exact

    async def execute(self, word_id: int, word: Word = LoadById(Word, by="word_id")) -> dict[str, Any]:
        same = self._words is self._plain is self._exact is self.main_repo
        return {"same": same, "word": word.text, "longest": await self._words.longest()}


class WordInterface(RestInterface[Word]):
    prefix = "/words"
    routes = (
        RestRoute(use_case=AddWord, method="POST", path="/", status_code=201),
        RestRoute(use_case=Compare, method="GET", path="/{word_id}"),
    )


async def test_an_application_uses_the_custom_repository_everywhere(tmp_path: Path) -> None:
    """main_repo, LoadById and parameters typed by contract, model or class meet the same custom repository."""
    database = {"url": f"sqlite+aiosqlite:///{tmp_path}/test.db"}
    app = create_app({"app": {"name": "words"}, "database": database}, interfaces=[WordInterface])

    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        for text in ("  one ", "three"):
            await client.post("/words/", json={"text": text})
        answer = await client.get("/words/1")

    assert {"same": True, "word": "one", "longest": "three"} == answer.json()


MANIFEST_APP = """
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, repository_for
from loom.rest.model import RestInterface


class Song(BaseModel):
    __tablename__ = "reg_songs"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=40)


class SongFace(RestInterface[Song]):
    prefix = "/songs"
    auto = True


@repository_for(Song)
class Songs(RepositorySQLAlchemy[Song, int]):
    async def create(self, data):
        return await super().create({"title": data.title.title()})


MODELS, INTERFACES, REPOSITORIES = [Song, ...], [SongFace], [Songs]
"""


@pytest.mark.parametrize("mode", ["modules", "manifest"])
async def test_discovery_brings_custom_repositories(tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository written in a listed module, or listed in a manifest, serves auto-CRUD too."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"reg_{mode}_{uuid4().hex}"
    (tmp_path / f"{name}.py").write_text(MANIFEST_APP)
    how = {"modules": {"include": [name]}, "manifest": {"module": name}}[mode]
    settings = {
        "app": {"name": "songs", "discovery": {"mode": mode, mode: how}},
        "database": {"url": f"sqlite+aiosqlite:///{tmp_path}/test.db"},
    }
    app = create_app(settings, code_path=tmp_path)

    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        made = await client.post("/songs/", json={"title": "blue moon"})

    assert {"id": 1, "title": "Blue Moon"} == made.json()
