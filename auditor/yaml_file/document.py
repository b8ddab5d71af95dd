"""A YAML file as plain Python values, every part of which knows its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from auditor.errors import UsageError, shown
from auditor.yaml_file.guard import LOADER, MAX_BYTES, YamlProblem, guarded_events
from auditor.yaml_file.texts import Rows, Table, key_twice, texts_of

# By PyYAML: of an odd date, of a tag that its value does not fit (``!!int ""``, ``!!bool x``, ``!!timestamp x``).
_LET_THROUGH = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_KEY_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"})


@dataclass(frozen=True)
class YamlDocument:
    """``value`` is what the ``content`` of a file stands for; ``parts`` the same with lines: PyYAML's nodes, or a Table
    or Rows."""

    file: Path
    content: bytes
    value: Any
    parts: Any

    def line(self, path: Sequence[int | str]) -> int:
        """The line of what ``path`` leads to, or of the last thing on the way that is there; from 1."""
        part, line = self.parts, _first_line(self.parts)
        for step in path:
            found = _step(part, step)
            if found is None:
                break
            line, part = found
        return line

    def place(self, path: Sequence[int | str] = ()) -> Place:
        return Place(self, tuple(path))


@dataclass(frozen=True)
class Place:
    """Where something stands; as text ``file:line``, with which every complaint about a YAML file begins."""

    document: YamlDocument
    path: tuple[int | str, ...]

    def at(self, path: Sequence[int | str]) -> Place:
        """Of something further inside."""
        return Place(self.document, (*self.path, *path))

    @property
    def line(self) -> int:
        return self.document.line(self.path)

    @property
    def short(self) -> str:
        """Without the folder."""
        return f"{self.document.file.name}:{self.line}"

    def __str__(self) -> str:
        return f"{self.document.file}:{self.line}"


def read_yaml(file: Path, error: type[UsageError], *, texts: bool = False) -> YamlDocument:
    """The document of a file. Raises ``error``: the file, the line and what is wrong, in one sentence.

    With ``texts`` every value stays the text that stands there (``012345670123`` is no number), and aliases, anchors
    and tags, which have no meaning then, are refused.
    """
    try:
        content = read_bounded(file)
        parts, value = _parsed(content, texts=texts)
    except OSError as problem:
        raise error(f"{file}: cannot be read: {problem.strerror}") from problem
    except YamlProblem as problem:
        raise error(f"{file}:{problem.line}: {problem}" if problem.line else f"{file}: {problem}") from problem
    return YamlDocument(file, content, value, parts)


def read_bounded(file: Path) -> bytes:
    """The bytes of a file that a person wrote. Raises OSError, or YamlProblem beyond MAX_BYTES."""
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise YamlProblem(f"the file is larger than {MAX_BYTES >> 20} MiB")
    return content


def parse_yaml(content: bytes) -> object:
    """The document of a file as plain Python values. Raises YamlProblem."""
    return _parsed(content, texts=False)[1]


def _parsed(content: bytes, *, texts: bool) -> tuple[Any, Any]:
    """What knows its lines, and its value."""
    try:
        if texts:
            value = texts_of(content)
            return value, value
        for _ in guarded_events(content):
            pass
        return _constructed(content)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _not_yaml(error.problem or error.context, line) from error
    except yaml.reader.ReaderError as error:
        raise _not_yaml(error.reason, content[: error.position].count(b"\n") + 1) from error
    except YamlProblem:
        raise
    except (yaml.YAMLError, *_LET_THROUGH) as error:
        raise _not_yaml(error) from error


def _constructed(content: bytes) -> tuple[Any, Any]:
    loader = LOADER(content)
    try:
        root = loader.get_single_node()
        for mapping in _collections(root, yaml.MappingNode):
            _refuse_odd_keys(mapping)
        try:
            return root, loader.construct_document(root) if root else None
        except _LET_THROUGH as error:
            _raise_with_line(root, error)
    finally:
        loader.dispose()


def _collections(root: Any, sort: type[Any]) -> Iterator[Any]:
    """Every mapping or list once, however many aliases repeat it."""
    ahead, seen = [root] if root else [], set[int]()
    while ahead:
        node = ahead.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, sort):
            yield node
        is_mapping = isinstance(node, yaml.MappingNode)
        ahead += reversed([part for pair in node.value for part in pair] if is_mapping else node.value)


def _refuse_odd_keys(mapping: Any) -> None:
    lines: dict[str, int] = {}
    for node, _ in mapping.value:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            raise YamlProblem("a key must be text", line)
        if node.tag not in _KEY_TAGS:
            raise YamlProblem(f"a key must be text, and {shown(node.value)} is none: put it in quotes", line)
        if node.value in lines:
            raise key_twice(node.value, lines[node.value], line)
        lines[node.value] = line


def _raise_with_line(root: Any, error: Exception) -> NoReturn:
    """PyYAML does not say where the value stands that its tag does not fit."""
    loader = LOADER(b"")
    for collection in _collections(root, yaml.CollectionNode):
        is_mapping = isinstance(collection, yaml.MappingNode)
        for node in [value for _, value in collection.value] if is_mapping else collection.value:
            if isinstance(node, yaml.ScalarNode) and not _is_fit(loader, node):
                raise _not_yaml(error, node.start_mark.line + 1) from error
    raise _not_yaml(error) from error


def _is_fit(loader: Any, node: Any) -> bool:
    try:
        loader.construct_object(node)
    except _LET_THROUGH:
        return False
    return True


def _not_yaml(problem: object, line: int = 0) -> YamlProblem:
    return YamlProblem("not YAML: " + (" ".join(str(problem).split()) or type(problem).__name__), line)


def _first_line(part: Any) -> int:
    return part.start_mark.line + 1 if isinstance(part, yaml.Node) else getattr(part, "line", 1)


def _step(part: Any, step: int | str) -> tuple[int, Any] | None:
    """The line of what stands at ``step`` of a mapping or a list, and itself."""
    if isinstance(part, yaml.MappingNode):
        return next(((_first_line(key), value) for key, value in part.value if key.value == step), None)
    if isinstance(part, yaml.SequenceNode) and isinstance(step, int) and step < len(part.value):
        return _first_line(part.value[step]), part.value[step]
    if isinstance(part, Table) and step in part:
        return part.lines[str(step)], part[str(step)]
    if isinstance(part, Rows) and isinstance(step, int) and step < len(part):
        return part.lines[step], part[step]
    return None
