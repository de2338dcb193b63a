"""Reading, merging and including YAML; and one section as a typed value."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from omegaconf import OmegaConf

from loom.core.config import ConfigError, load_config, section
from loom.core.errors import LoomError

Write = Callable[[str, str], Path]


class Pool(Struct):
    """A target for sections."""

    size: int
    echo: bool = False
    options: dict = {}


@dataclass
class PoolData:
    """The same as a dataclass."""

    size: int


def test_later_files_win_deeply(write: Write) -> None:
    """Mappings merge key by key, the last file deciding."""
    first = write("a.yaml", "db: {url: one, echo: true}")
    second = write("b.yaml", "db: {url: two}")

    assert {"db": {"url": "two", "echo": True}} == load_config(first, str(second))


def test_a_mapping_stands_for_a_file(write: Write) -> None:
    """Inline content merges with files in argument order."""
    file = write("a.yaml", "db: {url: one, echo: true}")

    assert {"db": {"url": "inline", "echo": True}} == load_config(file, {"db": {"url": "inline"}})


def test_a_loaded_configuration_is_a_source_again() -> None:
    """A DictConfig may be handed back; its interpolations stay lazy."""
    config = OmegaConf.create({"a": "${oc.env:LOOM_TEST_UNSET}"})

    assert {"a": "${oc.env:LOOM_TEST_UNSET}"} == OmegaConf.to_container(load_config(config, {}))


def test_values_are_attributes() -> None:
    """`cfg.database.url` reads a value."""
    assert "x" == load_config({"database": {"url": "x"}}).database.url


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "~\n"])
def test_an_empty_file_is_an_empty_mapping(write: Write, content: str) -> None:
    """A file without content adds nothing."""
    assert {} == load_config(write("a.yaml", content))


def test_environment_is_read_when_accessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`oc.env` sees the variable as it is at access, not at load."""
    config = load_config({"url": "${oc.env:LOOM_TEST_URL,none}"})
    before = config.url
    monkeypatch.setenv("LOOM_TEST_URL", "set")

    assert ("none", "set") == (before, config.url)


def test_decoded_environment_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`oc.decode` turns text into a value."""
    monkeypatch.setenv("LOOM_TEST_ECHO", "false")

    assert load_config({"echo": "${oc.decode:${oc.env:LOOM_TEST_ECHO,true}}"}).echo is False


def test_includes_come_before_their_file(write: Write) -> None:
    """Earlier includes lose to later ones, all lose to the declaring file, and the key disappears."""
    write("base/one.yaml", "a: 1\nb: 1\nc: 1")
    write("base/two.yaml", "includes: [one.yaml]\nb: 2\nc: 2")
    main = write("main.yaml", "includes: [base/one.yaml, base/two.yaml]\nc: 3")

    assert {"a": 1, "b": 2, "c": 3} == load_config(main)


def test_a_mapping_includes_relative_to_the_current_directory(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inline configuration may include files as a file would."""
    monkeypatch.chdir(write("one.yaml", "a: 1").parent)

    assert {"a": 1, "b": 2} == load_config({"includes": ["one.yaml"], "b": 2})


UGLY = [
    ("db:\n\turl: x", r"a\.yaml:2 does not parse.*no tabs"),
    ("a: [1, 2", r"a\.yaml:1 does not parse"),
    ("a: 1\na: 2", "duplicate key a"),
    ("? [a]\n: 1", "does not parse"),
    ("a: !!python/object/apply:os.getcwd []", "does not parse"),
    ("- a\n- b", "mapping at the top level"),
    ("just words", "mapping at the top level"),
    ("5", "mapping at the top level"),
    ("a: ${unclosed", "does not parse"),
    ("includes: one.yaml", "list of file names"),
    ("includes: [1]", "list of file names"),
    ("includes: [nowhere.yaml]", r"nowhere\.yaml not found, included from .*a\.yaml"),
    ("includes: ['${oc.env:LOOM_TEST_UNSET}']", "LOOM_TEST_UNSET"),
    ("includes: ${oc.env:LOOM_TEST_UNSET}", "LOOM_TEST_UNSET"),
    ("includes: [a.yaml]", "Circular include: a.yaml -> a.yaml"),
]


@pytest.mark.parametrize(("content", "words"), UGLY)
def test_an_ugly_file_is_a_configuration_error(write: Write, content: str, words: str) -> None:
    """Whatever a file holds, the error is ours and says what is wrong."""
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(write("a.yaml", content))
    assert isinstance(caught.value, LoomError)


def test_a_syntax_error_carries_its_place(write: Write) -> None:
    """The diagnostic of an unparsable file points at file and line."""
    file = write("a.yaml", "ok: 1\ndb:\n\turl: x\n")

    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert (str(file), 3) == (caught.value.diagnostic.file, caught.value.diagnostic.line)


def test_a_longer_circle_is_drawn(write: Write) -> None:
    """A circle over several files lists them in order."""
    write("b.yaml", "includes: [c.yaml]")
    write("c.yaml", "includes: [a.yaml]")

    with pytest.raises(ConfigError, match=r"a\.yaml -> b\.yaml -> c\.yaml -> a\.yaml"):
        load_config(write("a.yaml", "includes: [b.yaml]"))


def test_a_file_that_is_no_text_is_a_configuration_error(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are reported with the file."""
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00a")

    with pytest.raises(ConfigError, match=r"a\.yaml cannot be read"):
        load_config(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ((), "at least one"),
        (("nowhere.yaml",), "not found"),
        ((".",), "not found"),
        (({"a": object()},), "inline configuration"),
        (({"a": [1]}, {"a": {"b": 1}}), "does not merge"),
    ],
)
def test_sources_that_are_none(sources: tuple[Any, ...], words: str) -> None:
    """Absent files, directories and foreign values are configuration errors."""
    with pytest.raises(ConfigError, match=words):
        load_config(*sources)


def test_a_section_is_converted_leniently() -> None:
    """Text becomes numbers and booleans, unknown keys are ignored, plain dicts stay dicts."""
    config = load_config({"a": {"b": {"size": "8", "echo": "true", "options": {"x": 1}, "extra": 1}}})

    assert Pool(size=8, echo=True, options={"x": 1}) == section(config, "a.b", Pool)


@pytest.mark.parametrize(("target", "expected"), [(PoolData, PoolData(8)), (dict, {"size": 8}), (Pool, Pool(8))])
def test_a_section_takes_many_shapes(target: Any, expected: Any) -> None:
    """Structs, dataclasses and dicts are all targets."""
    assert expected == section(load_config({"a": {"size": 8}}), "a", target)


def test_a_section_sees_interpolations_of_other_sections() -> None:
    """References are resolved against the whole configuration."""
    assert Pool(size=3) == section(load_config({"n": 3, "a": {"size": "${n}"}}), "a", Pool)


@pytest.mark.parametrize(
    ("content", "path", "words", "where"),
    [
        ({"databse": {}}, "database", "not found.*did you mean 'databse'", "database"),
        ({"a": 1}, "a.b", "not found", "a.b"),
        ({"a": None}, "a", "validation", "a"),
        ({"a": {"size": "many"}}, "a", r"validation at 'a\.size'", "a.size"),
        ({"a": {}}, "a", "validation.*size", "a"),
        ({"a": "text"}, "a", "validation", "a"),
        ({"a": {"size": "${oc.env:LOOM_TEST_UNSET}"}}, "a", r"'a\.size'.*LOOM_TEST_UNSET", "a.size"),
        ({"a": "${oc.env:LOOM_TEST_UNSET}"}, "a", "LOOM_TEST_UNSET", "a"),
        ({"a": {"size": "???"}}, "a", r"resolved at 'a\.size'.*[Mm]issing", "a.size"),
    ],
)
def test_a_section_that_does_not_fit_names_its_key(content: Any, path: str, words: str, where: str) -> None:
    """Missing, ill-typed and unresolved values are errors that say where."""
    with pytest.raises(ConfigError, match=words) as caught:
        section(load_config(content), path, Pool)
    assert where == caught.value.diagnostic.where
