"""What somebody meant who asks for a table or a column that is not there: the nearest ones of all tables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from auditor.ask.query_tables.table import QueryTable, columns_of

# Names of the same thing in different tables, and what people call it.
_SAME = (
    ("user", "resource_name", "user_name", "username", "name"),
    ("account_name", "name"),
    ("arn", "resource_arn", "user_arn"),
    ("gap_code", "code", "error_code"),
    ("gap_stage", "stage"),
    ("gap_message", "message"),
    ("gap_evidence", "evidence"),
    ("ou_path", "ou", "organizational_unit"),
    ("account_id", "account", "id"),
    ("status", "verdict", "result", "outcome"),
)
_CLOSE = 0.6
_LONGEST_WORD = 100
_NO_COLUMN = re.compile(
    r'(?:Referenced column|does not have a column named|^Binder Error: Column) "(?P<column>[^"]+)"'
    r"(?= not found in FROM| does not exist on| in EXCLUDE| in REPLACE|$)"
)
_OFFERED = re.compile(r'"(?:[^"]*\.)?([^".]+)"')
_LISTING = "'auditor tables NAME' lists the columns of a table"
_NO_TABLE = re.compile(r"Table with name (?P<table>\S+) does not exist")
_UNSEEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BARE_USER = re.compile(r"(?<![.\w])user\b(?!\s*[.(])(?!\s+as\b)", re.IGNORECASE)
# A name that the query gives itself: an alias of a column or a table, or a column of a common table expression.
_NAMED_USER = re.compile(
    r"\bas\s+\"?user\b|\buser\"?\s+as\b|\b(?:from|join)\s+\w+\s+\"?user\b|[(,]\s*\"?user\"?\s*[,)][^()]*\bas\s*\(",
    re.IGNORECASE,
)


def explained(message: str, sql: str, used: Collection[str], known: Mapping[str, QueryTable]) -> str:
    """``message`` of DuckDB in our words where it is about a name, with the nearest ones; else an empty text.

    ``used`` are the tables that the query reads, ``known`` all that can be asked about.
    """
    if found := _NO_TABLE.search(message):
        return _no_table(found["table"].strip('"'), known)
    tables = [known[name] for name in sorted(used) if name in known]
    found = _NO_COLUMN.search(message)
    if not found or not tables or _is_about_other_names(message, tables):
        return ""
    name, owners = found["column"], columns_of(tables).get(found["column"].lower(), [])
    if not owners:
        return _no_column(name, sql, tables, known)
    # Of another table than the one it is asked of, which an alias stands for.
    is_aliased = "does not have a column named" in message
    return f"{message}; {name} is a column of {_joined_by_and(owners)}; {_LISTING}" if is_aliased else ""


def _is_about_other_names(message: str, tables: Sequence[QueryTable]) -> bool:
    """Whether the database offers no column of the tables: the query gives names of its own, of which it knows more."""
    offered = _OFFERED.findall(message.partition("Candidate bindings:")[2])
    return bool(offered) and not set(offered) & columns_of(tables).keys()


def may_misread_user(sql: str) -> bool:
    """Whether it is worth a look at the tables; see ``misread_user``."""
    return bool(_BARE_USER.search(_UNSEEN.sub(" ", sql)))


def misread_user(sql: str, known: Mapping[str, QueryTable]) -> str:
    """SQL has a word ``user`` of its own, the user of the database, so that a missing column would be no error."""
    seen = _UNSEEN.sub(" ", sql)
    tables = [table for name, table in known.items() if re.search(rf"\b{name}\b", seen, re.IGNORECASE)]
    if not tables or "user" in columns_of(tables) or _NAMED_USER.search(sql) or not _BARE_USER.search(seen):
        return ""
    return _no_column("user", sql, tables, known)


def _no_table(name: str, known: Mapping[str, QueryTable]) -> str:
    if name.lower() in known:
        return f"there is no table {name!r} in this snapshot: such evidence was not collected, or not asked for"
    near = _nearest(name, known)
    hint = f"; nearest: {near[0]}" if near else f"; known: {', '.join(known)}"
    return f"there is no table {name!r}{hint}; 'auditor tables' lists the tables"


def _no_column(name: str, sql: str, tables: Sequence[QueryTable], known: Mapping[str, QueryTable]) -> str:
    here, everywhere = columns_of(tables), columns_of(known.values())
    parts = [f"there is no column {name!r} in {' or '.join(table.name for table in tables)}"]
    near = _nearest(name, here)
    if near:
        parts.append(f"nearest: {', '.join(f'{here[column][0]}.{column}' for column in near)}")
    if name.lower() in everywhere:
        parts.append(f"{name.lower()} is a column of {_joined_by_and(everywhere[name.lower()])}")
    elif others := [column for column in _nearest(name, everywhere) if column not in here]:
        parts.append(f"nearest in other tables: {everywhere[others[0]][0]}.{others[0]}")
    if f'"{name}"' in sql:
        parts.append(f"a text stands in single quotes: '{name}'")
    return "; ".join([*parts, f"'auditor tables {tables[0].name}' lists the columns"])


def _joined_by_and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _nearest(name: str, names: Iterable[str]) -> list[str]:
    """At most two: other names of the same thing first, then those that are spelt alike."""
    word, pool = name.lower()[:_LONGEST_WORD], list(names)
    same = [other for group in _SAME if word in group for other in group if other in pool and other != word]
    return list(dict.fromkeys([*same, *difflib.get_close_matches(word, pool, n=2, cutoff=_CLOSE)]))[:2]
