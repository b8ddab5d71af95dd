"""Reads XML from strangers as a stream of events: nothing is expanded, and nothing is fetched."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, Protocol, TypeAlias
from xml.parsers import expat
from zipfile import BadZipFile

from auditor.errors import WorkbookError

_CHUNK = 1 << 18


class Handler(Protocol):
    """What is called for each element, by its name without a prefix, and for the text in between."""

    @property
    def text(self) -> Callable[[str], object]: ...

    def start(self, name: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, name: str) -> None: ...


Element: TypeAlias = tuple[str, dict[str, str], str]
"""Name, attributes, and the text within."""


class Elements:
    """A handler that keeps all elements with certain names, in their order; none of them has a text beside another."""

    def __init__(self, *names: str) -> None:
        self.found: list[Element] = []
        self._names = frozenset(names)
        self._parts: list[str] = []

    @property
    def text(self) -> Callable[[str], object]:
        return self._parts.append

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in self._names:
            self.found.append((name, {_local(key): value for key, value in attributes.items()}, ""))
            self._parts.clear()

    def end(self, name: str) -> None:
        if name in self._names and self.found[-1][0] == name:
            self.found[-1] = (*self.found[-1][:2], "".join(self._parts))


def feed(stream: IO[bytes], handler: Handler, where: str) -> Iterator[None]:
    """Read ``stream`` into ``handler`` and yield after every piece of it. Raises WorkbookError with ``where``."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse  # entities are declared there, and no workbook has any

    def root(name: str, attributes: dict[str, str]) -> None:
        """Only some programs write prefixes, and taking them off takes as long as all the rest."""
        start, end = _prefixed(handler) if ":" in name else (handler.start, handler.end)
        parser.StartElementHandler, parser.EndElementHandler = start, end
        start(name, attributes)

    parser.StartElementHandler = root
    while True:
        with damaged(where):
            chunk = stream.read(_CHUNK)
            parser.Parse(chunk, not chunk)
        yield
        if not chunk:
            return


@contextmanager
def damaged(where: str) -> Iterator[None]:
    """What is raised by XML, zip or numbers that are none becomes a WorkbookError."""
    try:
        yield
    except (expat.ExpatError, BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise WorkbookError(f"{where} is damaged: {error}") from error
    except (ValueError, KeyError, IndexError) as error:  # an id that leads nowhere, a number that is none
        raise WorkbookError(f"{where} is damaged: {type(error).__name__}: {error}") from error


def read(stream: IO[bytes], handler: Handler, where: str) -> None:
    """All of ``stream`` at once."""
    for _ in feed(stream, handler, where):
        pass


def _prefixed(handler: Handler) -> tuple[Callable[[str, Mapping[str, str]], None], Callable[[str], None]]:
    return lambda name, attributes: handler.start(_local(name), attributes), lambda name: handler.end(_local(name))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: Any) -> None:
    raise expat.ExpatError("it declares entities, which no spreadsheet program does")
