"""YAML bombs, deep nesting, huge scalars and endless files: refused with one sentence, quickly, in little memory."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.catalog import load_catalog
from auditor.errors import CatalogError, ConfigurationError, UsageError, WaiverError, shown
from auditor.judge.waivers import load_waivers
from auditor.settings import load_settings
from auditor.yaml_file import MAX_BYTES, MAX_NODES, YamlProblem, guard, parse_yaml
from tests.support import catalog

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)
ENDLESS = "more than 1,000 characters without a space must stand in quotes"
BOMBS: dict[str, tuple[str | bytes, str]] = {
    "a billion laughs": (LAUGHS, r"auditor.yaml:6: holds more than 200,000 values, its aliases written out"),
    "a bomb as a value": (LAUGHS + "role: *j\n", "holds more than"),
    "an alias of itself": ("account: &a [*a]\n", "repeats nothing that stands whole before it"),
    "an alias of nothing": ("account: *a\n", "repeats nothing that stands whole before it"),
    "a merge of bombs": ("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nrole: *c\n", "repeats nothing"),
    "deep lists": ("account: " + "[" * 100_000, "nested more than 40 levels deep"),
    "deep keys": ("account: " + "{a: " * 100_000, "nested more than 40 levels deep"),
    "deep blocks": ("\n".join(f"{' ' * n}a:" for n in range(2000)), "nested more than 40 levels deep"),
    "a huge number": (
        f"concurrency: {'9' * 5000}\n",
        ENDLESS,
    ),
    "a huge hexadecimal number": (
        f"role: 0x{'f' * 5000}\n",
        ENDLESS,
    ),
    "a number to base 60": (
        f"role: 1{':59' * 100_000}\n",
        ENDLESS,
    ),
    "a huge key": (f"? {'k' * 900}\n: 1\n", "unknown key"),
    "a huge text": (f'role: "{"r" * 1_000_000}"\n', "is not the name of a role"),
    "many values": ("account: [" + "x, " * (MAX_NODES + 1) + "]\n", "holds more than"),
    "a program": ("role: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
    "another encoding": ("role: x\n".encode("utf-32"), "not YAML"),
    "control characters": ("role: \x1b\n", "not YAML"),
    "a surrogate": (b"role: \xed\xa0\x80\n", "not YAML"),
    "no end": (b"role: 'x\n" + b"\n" * 1_000_000, "not YAML"),
}
Reader = Callable[[Path, bytes], object]


def settings_file(folder: Path, content: bytes) -> object:
    (folder / "auditor.yaml").write_bytes(content)
    return load_settings(folder / "auditor.yaml")


def waivers_file(folder: Path, content: bytes) -> object:
    (folder / "waivers.yaml").write_bytes(content)
    return load_waivers(folder / "waivers.yaml", catalog(), 366)


def catalogue_file(name: str) -> Reader:
    def read(folder: Path, content: bytes) -> object:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return load_catalog(None, folder)

    return read


READERS: dict[str, tuple[Reader, type[UsageError]]] = {
    "settings": (settings_file, ConfigurationError),
    "waivers": (waivers_file, WaiverError),
    "controls": (catalogue_file("controls/mine.yaml"), CatalogError),
    "benchmarks": (catalogue_file("benchmarks/mine.yaml"), CatalogError),
    "crosswalks": (catalogue_file("crosswalks/mine.yaml"), CatalogError),
    "parameters": (catalogue_file("parameters.yaml"), CatalogError),
}


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Whatever the test does takes less than 200 MiB of Python's memory."""
    catalog()
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_hostile_configuration_is_refused_with_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: str, reader: str
) -> None:
    content, told = BOMBS[bomb]
    read, error = READERS[reader]
    if issubclass(error, CatalogError):  # counted as in the settings, where the real limit is tried
        monkeypatch.setattr(guard, "MAX_NODES", MAX_NODES // 20)
    with pytest.raises(error) as caught:
        read(tmp_path, content if isinstance(content, bytes) else content.encode())
    message = str(caught.value)
    assert str(tmp_path) in message or "role" in message
    assert len(message) < 1000
    if reader == "settings":
        assert re.search(told, message), message


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_a_gigabyte_is_not_even_read(tmp_path: Path, reader: str) -> None:
    read, error = READERS[reader]
    with pytest.raises(error):
        read(tmp_path, b"[")
    file = next(path for path in tmp_path.rglob("*.yaml"))
    with file.open("wb") as stream:
        stream.truncate(1 << 30)  # takes no room on the disk
    loaders: dict[str, Callable[[], object]] = {
        "settings": lambda: load_settings(file),
        "waivers": lambda: load_waivers(file, catalog(), 366),
    }
    with pytest.raises(error, match=rf"{file.name}: the file is larger than {MAX_BYTES >> 20} MiB"):
        loaders.get(reader, lambda: load_catalog(None, tmp_path))()


def test_aliases_that_stay_small_are_followed() -> None:
    assert parse_yaml(b"a: &a [1, 2]\nb: {c: *a, d: *a}\ne: {<<: {f: 1}}\n") == {
        "a": [1, 2],
        "b": {"c": [1, 2], "d": [1, 2]},
        "e": {"f": 1},
    }


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"---\n", b"null\n"])
def test_an_empty_file_is_nothing(text: bytes) -> None:
    assert parse_yaml(text) is None


@pytest.mark.parametrize("text", ['!!int ""', "!!bool x", "!!float x", "!!timestamp x", "!!binary é", "2026-02-30"])
def test_a_tag_that_its_value_does_not_fit_is_a_refusal(text: str) -> None:
    with pytest.raises(YamlProblem, match="not YAML"):
        parse_yaml(f"a: {text}\n".encode())


def test_a_second_document_is_refused() -> None:
    with pytest.raises(YamlProblem, match="a second document begins"):
        parse_yaml(b"a: 1\n---\nb: 2\n")


def test_what_is_shown_of_a_value_is_short() -> None:
    assert shown("x" * 1_000_000) == f"'{'x' * 79}... (1,000,002 characters)"
    assert shown("x") == "'x'"
    assert shown(10**5000) == "a number with thousands of digits"
