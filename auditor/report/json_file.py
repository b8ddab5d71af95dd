"""The findings as one JSON array, for programs: text exactly as it is, null where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from auditor import schema
from auditor.judge.assessment import Assessment
from auditor.report.lines import Dialect, Texts, encoded_blocks, joined, raw_bytes
from auditor.store.files import atomic_path


class JsonFile:
    """``findings.json``."""

    name = "json"

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        findings = (block[list(schema.FINDINGS)] for block in assessment.large.blocks("findings"))
        return (_write(findings, folder / "findings.json"),)


def write_json(frame: pd.DataFrame, path: Path) -> Path:
    """Write any frame to ``path``, atomically and 0600; raises SnapshotError."""
    return _write([frame], path)


def _write(frames: Iterable[pd.DataFrame], path: Path) -> Path:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.writelines(_array(frames))
    return path


def json_blocks(frame: pd.DataFrame) -> Iterator[bytes | memoryview]:
    """Any frame as a JSON array of objects, one object a line, keys in the columns' order, many lines at a time."""
    return _array([frame])


def _array(frames: Iterable[pd.DataFrame]) -> Iterator[bytes | memoryview]:
    before = b"[\n"
    for frame in frames:
        for columns in encoded_blocks(frame, _JSON):
            objects = _objects(list(frame.columns), columns)
            # The first object of a block has no comma before it, as its block brings that along.
            yield before
            yield raw_bytes(joined([objects[:1]], "", ""))
            yield raw_bytes(joined([",\n", objects[1:]], "", ""))
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _objects(names: list[str], columns: list[Texts]) -> Texts:
    parts: list[Texts] = []
    for name, column in zip(names, columns, strict=True):
        parts += [", " if parts else "{", json.dumps(name, ensure_ascii=False) + ": ", column]
    return joined([*parts, "}"], "", _JSON.missing)


def _literals(texts: pd.Series) -> pd.Series:
    """JSON strings; each distinct text is spelt once."""
    words = {text: json.dumps(text, ensure_ascii=False) for text in texts.dropna().unique()}
    return texts.map(words).astype("str")


_JSON = Dialect(text=_literals, time=lambda times: '"' + times + '"', missing="null")
