"""A line of evidence as AWS gave it, and what stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.errors import EvidenceError
from auditor.judge.explanation.values import Proof
from auditor.kinds.credential_report import report_parser
from auditor.model import CREDENTIAL_REPORT, EvidenceFile
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot

_HEADER = 2  # the number of the line below it


def report_line(snapshot: Snapshot, file: EvidenceFile, account_id: str, line: int, read: Sequence[str]) -> Proof:
    """A user's line with its columns by name, ``read`` first and in that order. Raises EvidenceError."""
    content = snapshot.read(file)
    row = report_parser.parse(content, account_id).slice(line - _HEADER, 1).to_pylist()[0]
    given = {name.removeprefix("x_") if name.startswith("x_") else name: str(text) for name, text in row.items()}
    rest = {n: t for n, t in given.items() if n not in read and t != report_parser.ABSENT}
    raw = _line(content.decode("utf-8-sig"), line)
    return Proof(CREDENTIAL_REPORT, file.path, line, raw, {name: given[name] for name in read if name in given}, rest)


def document_line(snapshot: Snapshot, file: EvidenceFile, line: int) -> Proof:
    """A call, an item of an answer, or (line 1) the file as a whole. Raises EvidenceError."""
    content = snapshot.read(file)
    item = _item(evidence.read(content), line)
    return Proof(file.kind, file.path, line, _line(content.decode(), line), {}, {}, item)


def _line(text: str, line: int) -> str:
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        raise EvidenceError("read", "NoSuchLine", f"there is no line {line}")
    return lines[line - 1].removesuffix("\r")


def _item(document: Document, line: int) -> Any:
    for answer in document.answers:
        if answer.line == line:
            return _answered(answer)
        for key, start in answer.starts.items():
            listed = (answer.response or {})[key]
            if start <= line < start + len(listed):
                return listed[line - start]
    return {"omitted": document.omitted, "calls": [_outlined(answer) for answer in document.answers]}


def _answered(answer: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {"operation": answer.operation, "region": answer.region, "parameters": answer.parameters}
    said = {"error": answer.error, "message": answer.message} if answer.error else {"response": answer.response}
    return {name: value for name, value in shown.items() if value} | said


def _outlined(answer: Answer) -> str:
    """``access-analyzer:ListAnalyzers eu-west-1 (line 9): 1 analyzers``"""
    counts = [f"{len(v)} {k}" for k, v in (answer.response or {}).items() if isinstance(v, list)]
    said = answer.error or ", ".join(counts) or "answered"
    about = " ".join(str(value) for value in (answer.operation, answer.region, *answer.parameters.values()) if value)
    return f"{about} (line {answer.line}): {said}"
