"""Ready-made queries: those that ship with the product and those of the user."""

from __future__ import annotations

from pathlib import Path

from auditor.catalog_folders import catalog_folders
from auditor.errors import QueryError, nearest


def named_queries(*more: Path) -> dict[str, Path]:
    """The questions that ship with the product, by name; those of the folders ``more`` replace them or add to them."""
    folders = (*catalog_folders(), *more)
    return {path.stem: path for folder in folders for path in sorted((folder / "queries").glob("*.sql"))}


def named_query(name: str, *more: Path) -> str:
    """The SQL of a question that is shipped or stands in a folder of ``more``; QueryError names the nearest one."""
    known = named_queries(*more)
    if name not in known:
        raise QueryError(f"there is no query {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    try:
        return known[name].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{known[name]}: cannot be read: {error}") from error


def question_of(path: Path) -> str:
    """The first comment of a file with SQL, without its dashes; empty where there is none or it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    comment = [line.removeprefix("--").strip() for line in lines[: _leading_comments(lines)]]
    return " ".join(comment)


def _leading_comments(lines: list[str]) -> int:
    return next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
