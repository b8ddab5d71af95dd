"""The SQL prompt on a terminal: history, completion of SQL words, tables and columns, and a few commands of its own."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from auditor.ask.query_tables.table import QueryTable
from auditor.cli.console import remark
from auditor.cli.tables import show_table
from auditor.errors import AuditorError, nearest

_HELP = (
    ("statement;", "Run SQL. It may have several lines and ends with ;"),
    (".tables", "List the tables."),
    (".columns NAME", "List the columns of a table."),
    (".help", "List these commands."),
    ("\\q", "End, like Ctrl-D. Ctrl-C clears what is typed, or cancels a query."),
)
_COMMANDS = (".tables", ".columns", ".help", "\\q")
_WORDS = (
    *("select", "distinct", "from", "join", "left join", "full join", "cross join", "on", "using", "where", "and"),
    *("or", "not", "in", "is null", "is not null", "is true", "is not true", "like", "ilike", "between", "exists"),
    *("group by", "group by all", "having", "order by", "asc", "desc", "nulls first", "nulls last", "limit", "offset"),
    *(
        "union all",
        "except",
        "intersect",
        "with",
        "as",
        "case",
        "when",
        "then",
        "else",
        "end",
        "cast",
        "filter",
        "over",
    ),
    *("partition by", "count(*)", "count(", "sum(", "min(", "max(", "avg(", "string_agg(", "coalesce(", "greatest("),
    *("least(", "lower(", "upper(", "starts_with(", "datediff(", "true", "false", "null", "interval", "describe"),
    *("summarize", "explain", "pivot"),
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TYPED = re.compile(r'(?:(\w+)\.)?("[^"]*|\w*)$')
_AFTER_FROM = re.compile(r"\b(?:from|join)\s+(\w*)$", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED = frozenset({"user", "select", "from", "where", "order", "group", "all", "end", "as", "in", "table"})


class CancelledError(Exception):
    """Ctrl-C: what is typed is cleared, or the query that runs is given up."""


def run_prompt(tables: Mapping[str, QueryTable], answer: Callable[[str], None], history: Path, *, intro: str) -> None:
    """Ask for statements until the person ends it; ``answer`` runs one and shows its rows.

    An error is one line, and the prompt goes on. Statements are kept in the file ``history`` (0600), where that can be
    written.
    """
    remark(f"{intro}; .help lists the commands")
    session = _session(tables, _history(history))
    while True:
        try:
            text = session.prompt("auditor> ", prompt_continuation=_continuation).strip()
            if text == "\\q":
                return
            _carry_out(text, tables, answer)
        except CancelledError:
            continue
        except EOFError:
            return


def history_file() -> Path:
    """``$XDG_STATE_HOME/auditor/query_history``."""
    home = os.environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local" / "state") / "auditor" / "query_history"


def is_complete(text: str) -> bool:
    """Whether Enter ends the input: a command, nothing, or SQL that ends with ; outside of texts and comments."""
    if not text.strip() or text.lstrip()[0] in ".\\":
        return True
    rest = _QUOTED.sub(lambda found: "" if found[0].startswith(("--", "/*")) else "x", text).rstrip()
    return rest.endswith(";") and not {"'", '"'} & set(rest) and "/*" not in rest


def quoted(name: str) -> str:
    """A table's or column's name as SQL takes it."""
    is_plain = _PLAIN_NAME.fullmatch(name) and name not in _RESERVED
    return name if is_plain else '"' + name.replace('"', '""') + '"'


class SqlCompleter(Completer):
    """Tables, columns (those of tables that the statement names first) and SQL words that begin as what is typed."""

    def __init__(self, tables: Mapping[str, QueryTable]) -> None:
        self._tables = tables

    def get_completions(self, document: Document, complete_event: Any = None) -> Iterator[Completion]:
        before = document.text_before_cursor
        if before.lstrip()[:1] in (".", "\\"):
            yield from _matching(before.lstrip(), self._of_command(before))
            return
        if after_from := _AFTER_FROM.search(before):
            yield from _matching(after_from[1], list(map(quoted, self._tables)))
            return
        typed = _TYPED.search(before)
        owner, word = (typed[1], typed[2]) if typed else (None, "")
        if owner:
            yield from _matching(word, self._columns([owner] if owner in self._tables else self._named(document.text)))
        elif word:
            named = self._named(document.text)
            columns = self._columns(named or self._tables)
            yield from _matching(word, dict.fromkeys([*columns, *map(quoted, self._tables), *_WORDS]))

    def _of_command(self, before: str) -> list[str]:
        names = [f".columns {name}" for name in self._tables]
        return names if before.lstrip().startswith(".columns ") else list(_COMMANDS)

    def _named(self, text: str) -> list[str]:
        words = set(re.findall(r"\w+", text.lower()))
        return [name for name in self._tables if name in words]

    def _columns(self, tables: Sequence[str] | Mapping[str, QueryTable]) -> list[str]:
        return list(dict.fromkeys(quoted(column.name) for name in tables for column in self._tables[name].columns))


def _matching(word: str, candidates: Sequence[str] | Mapping[str, None]) -> Iterator[Completion]:
    begun = word.lower().removeprefix('"')
    for candidate in candidates:
        if candidate.lower().removeprefix('"').startswith(begun):
            yield Completion(candidate, start_position=-len(word))


def _session(tables: Mapping[str, QueryTable], history: History) -> PromptSession[str]:
    session: PromptSession[str] = PromptSession(
        history=history,
        completer=SqlCompleter(tables),
        complete_while_typing=False,
        interrupt_exception=CancelledError,
        multiline=Condition(lambda: not is_complete(session.default_buffer.text)),
    )
    return session


def _continuation(width: int, _line: int, _wrapped: int) -> str:
    return "...> ".rjust(width)


class _FileHistory(FileHistory):
    """A disk that is full does not end the prompt."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string)


def _history(file: Path) -> History:
    """The file, which is made with its folder; only in memory where it cannot be opened."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
    except OSError as error:
        remark(f"statements are not kept for the next time: {error}")
        return InMemoryHistory()
    return _FileHistory(str(file))


def _carry_out(text: str, tables: Mapping[str, QueryTable], answer: Callable[[str], None]) -> None:
    try:
        if text.startswith((".", "\\")):
            _command(text, tables)
        elif text:
            with _ctrl_c_cancels():
                answer(text)
    except AuditorError as error:
        remark(str(error))
    except CancelledError:
        remark("cancelled")


@contextmanager
def _ctrl_c_cancels() -> Iterator[None]:
    """Ctrl-C raises CancelledError; other signals still end the program."""

    def cancel(_number: int, _frame: object) -> None:
        raise CancelledError

    before = signal.signal(signal.SIGINT, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _command(text: str, tables: Mapping[str, QueryTable]) -> None:
    name, _, rest = text.rstrip("; ").partition(" ")
    if name == ".tables":
        show_table(
            ("table", "what it holds"), [(t.name, t.about) for t in tables.values()], wrapping=("what it holds",)
        )
    elif name == ".help":
        show_table(("type", "to"), _HELP, wrapping=("to",))
    elif name == ".columns":
        _show_columns(rest.strip().strip('"').lower(), tables)
    else:
        remark(f"there is no command {name!r}{nearest(name, _COMMANDS)}; .help lists them")


def _show_columns(name: str, tables: Mapping[str, QueryTable]) -> None:
    if name not in tables:
        remark(
            f"there is no table {name!r}{nearest(name, tables)}; .tables lists them" if name else "type .columns NAME"
        )
        return
    rows = [(column.name, column.type, column.about) for column in tables[name].columns]
    show_table(("column", "type", "what it holds"), rows, wrapping=("what it holds",))
