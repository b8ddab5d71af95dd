"""Reading the IAM credential report: bytes in, a table of texts out, or one clear reason why not.

Source of the format: IAM User Guide, "Get credential reports for your AWS account".

``parse`` and ``check_values`` run while a collection does, once an account. A Python value that becomes an Arrow scalar
or array makes Arrow import pandas, 45 MiB, so no value of a sound report does: options, buffers and slices serve.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from auditor.errors import EvidenceError, WrongAccountError
from auditor.model import ROOT_USER

# Arrow would answer Ctrl-C itself while it reads, with an error instead of an interruption of the run.
pa.enable_signal_handlers(False)

BOOL_COLUMNS = (
    "password_enabled",
    "mfa_active",
    "access_key_1_active",
    "access_key_2_active",
    "cert_1_active",
    "cert_2_active",
)
TIME_COLUMNS = (
    "user_creation_time",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "cert_1_last_rotated",
    "cert_2_last_rotated",
)
TEXT_COLUMNS = (
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "additional_credentials_info",
)
COLUMNS = ("user", "arn", *BOOL_COLUMNS, *TIME_COLUMNS, *TEXT_COLUMNS)

MAX_BYTES = 64 << 20
"""Of one report: 5,000 users, as many as IAM lets an account have, take some 3 MB."""

ABSENT = "(no column)"
"""Stands in every cell of a documented column that a report lacks."""

NEVER = ("n/a", "no_information")
"""What AWS writes, in any case, for a credential that was never used (or not since it began to record)."""

_TOKENS = ("n/a", "no_information", "not_supported", "", ABSENT)
_TOKEN = f"^(?:{'|'.join(map(re.escape, _TOKENS))})$"
_FLAG_OR_TOKEN = f"^(?:true|false|{'|'.join(map(re.escape, _TOKENS))})$"
_NO_MORE = rf"^\s*(?:0|false|{'|'.join(map(re.escape, _TOKENS))})\s*$"
_TIME = r"^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"


def parse(content: bytes, account_id: str) -> pa.Table:
    """All rows of one report, in its order, every value as the text AWS wrote.

    Returns a table of strings: the documented COLUMNS (a column the report lacks is filled with ABSENT), then any
    further column under ``x_<name>``. Row i stands on line i + 2 of the report.

    Raises EvidenceError (stage ``validate``) with code NotAReport, EmptyReport, TruncatedReport, ReportTooLarge,
    MalformedRow or MalformedValue, and WrongAccountError when a row's ARN is of another account than ``account_id``.
    """
    text = _decode(content)
    try:
        header = _header(text)
        if "\n" not in text:
            raise _invalid(
                "EmptyReport", "the report has a header and no rows; every account has at least its root row"
            )
        table = _read(text, header)
    except (csv.Error, pa.ArrowInvalid) as error:
        raise _invalid("NotAReport", f"the report cannot be read as CSV: {error}") from error
    if table.num_rows != text.count("\n"):  # rows must be lines, or findings would name the wrong ones
        raise _invalid("MalformedRow", "a value holds a line break")
    _check_arns(table["user"], table["arn"], account_id)
    return _documented(table)


def check_values(table: pa.Table) -> None:
    """Raise EvidenceError MalformedValue, naming the first line, if a parsed report holds an unreadable value."""
    if not any(_holds_malformed(table, names) for names in (BOOL_COLUMNS, TIME_COLUMNS)):
        return
    for name in (*BOOL_COLUMNS, *TIME_COLUMNS):
        if (row := _first(malformed(table[name], name))) is not None:
            raise malformed_value(row + 2, name, table[name][row].as_py())


def _holds_malformed(table: pa.Table, names: tuple[str, ...]) -> bool:
    """All columns of a kind at once: for a small report a call of Arrow costs more than the values."""
    values = pa.chunked_array([chunk for name in names for chunk in table[name].chunks], pa.string())
    return _first(malformed(values, names[0])) is not None


def users_with_more(content: bytes, account_id: str) -> list[str]:
    """The users of whom a report says that it does not list all credentials, in its order; root is none of them.

    Raises as ``parse`` does, if the report has such a column at all.
    """
    if b"additional_credentials_info" not in content.partition(b"\n")[0]:
        return []
    table = parse(content, account_id)
    users: list[str] = table["user"].filter(tells_of_more(table["additional_credentials_info"])).to_pylist()
    return [user for user in dict.fromkeys(users) if user != ROOT_USER]  # a line may be there twice


def tells_of_more(info: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A mask of the values of ``additional_credentials_info`` that tell of more; null stays null."""
    return pc.invert(pc.match_substring_regex(pc.utf8_lower(info), _NO_MORE))


def malformed_value(line: int, column: str, value: str) -> EvidenceError:
    return _invalid("MalformedValue", f"line {line}: {column} is {value[:60]!r}")


def malformed(values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """A mask of the values that column ``name`` may not hold."""
    lower = pc.utf8_lower(values)
    if name in BOOL_COLUMNS:
        return pc.invert(pc.match_substring_regex(lower, _FLAG_OR_TOKEN))
    known, shaped = pc.match_substring_regex(lower, _TOKEN), pc.match_substring_regex(values, _TIME)
    try:
        pc.cast(values.filter(shaped), pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:  # the shape of a time, but no such day or hour
        shaped = pc.is_valid(to_time(values))
    return pc.invert(pc.or_(known, shaped))


def to_bool(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts -> nullable booleans; anything but true and false, in any case, is null."""
    lower = pc.utf8_lower(values)
    return pc.if_else(pc.equal(lower, "true"), True, pc.if_else(pc.equal(lower, "false"), False, None))


def to_time(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts -> ``timestamp[us, UTC]``; what is not an ISO 8601 time with its offset is null."""
    texts = pc.if_else(pc.match_substring_regex(values, _TIME), values, None)
    try:
        return pc.cast(texts, pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:  # the shape of a time, but no such day or hour: rare, so found one by one
        return pa.chunked_array([pa.array([_time_or_none(t) for t in texts], pa.timestamp("us", tz="UTC"))])


def to_note(values: pa.ChunkedArray, typed: pa.ChunkedArray) -> pa.ChunkedArray:
    """The lower-case texts that stand in place of a value, null where there is one."""
    return pc.if_else(pc.is_valid(typed), None, pc.utf8_lower(values))


def _time_or_none(text: pa.StringScalar) -> object:
    try:
        return pc.cast(text, pa.timestamp("us", tz="UTC")).as_py()
    except pa.ArrowInvalid:
        return None


def _invalid(code: str, message: str) -> EvidenceError:
    return EvidenceError("validate", code, message)


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _invalid("ReportTooLarge", f"the report has {len(content):,} bytes; {MAX_BYTES:,} are allowed")
    if not content.strip():
        raise _invalid("EmptyReport", "the report is empty")
    try:
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise _invalid("NotAReport", f"the report is not UTF-8 text (byte {error.start})") from error


def _header(text: str) -> list[str]:
    header = next(csv.reader([text.partition("\n")[0].removesuffix("\r")]), [])
    if "user" not in header or "arn" not in header:
        raise _invalid("NotAReport", f"the first line has no columns 'user' and 'arn'; it begins {text[:40]!r}")
    if len(set(header)) != len(header):
        raise _invalid("NotAReport", "a column stands twice in the first line")
    return header


def _read(text: str, header: list[str]) -> pa.Table:
    """All rows as texts; those with commas that were not quoted are mended one by one and the whole is read again."""
    irregular: dict[int, str] = {}

    def set_aside(row: pacsv.InvalidRow) -> str:
        irregular[row.number] = row.text
        return "skip"

    regular = _table(text, header, set_aside)
    if not irregular:
        return regular
    mended = {number: _row(number, line, header) for number, line in irregular.items()}
    lines = text.split("\n")
    for number, fields in mended.items():
        if lines[number - 1 : number] not in ([irregular[number]], [f"{irregular[number]}\r"]):
            raise _invalid("MalformedRow", "a value holds a line break")
        lines[number - 1] = _quoted(fields)
    return _table("\n".join(lines), header)


def _table(text: str, header: list[str], set_aside: Callable[[pacsv.InvalidRow], str] | None = None) -> pa.Table:
    return pacsv.read_csv(
        pa.py_buffer(text.encode()),
        read_options=pacsv.ReadOptions(use_threads=False),  # only then are line numbers known
        parse_options=pacsv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=set_aside),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )


def _quoted(fields: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="").writerow(fields)
    return line.getvalue()


def _row(number: int, line: str, header: list[str]) -> list[str]:
    fields = next(csv.reader(io.StringIO(line)), [])
    if len(fields) < len(header):
        raise _invalid("TruncatedReport", f"line {number} has {len(fields)} of {len(header)} fields")
    return fields if len(fields) == len(header) else _rejoin(number, fields, header)


def _rejoin(number: int, fields: list[str], header: list[str]) -> list[str]:
    """Mend a row whose user name holds commas that were not quoted: the ARN behind it ends with the same name."""
    at = header.index("user")
    start = next((i for i, f in enumerate(fields) if i > at and f.startswith("arn:")), None)
    if header[at + 1 : at + 2] == ["arn"] and start is not None:
        user = ",".join(fields[at:start])
        for end in range(start + 1, len(fields) + 1):
            arn = ",".join(fields[start:end])
            rest = len(header) - at - 2
            if arn.endswith(f"/{user}") and len(fields) - end == rest:
                return [*fields[:at], user, arn, *fields[end:]]
    raise _invalid("MalformedRow", f"line {number} has {len(fields)} fields where the header has {len(header)}")


def _check_arns(users: pa.ChunkedArray, arns: pa.ChunkedArray, account_id: str) -> None:
    """Every row must be about a user of this account, and its ARN about the same user as its name."""
    parts = pc.extract_regex(arns, r"^arn:[^:]+:iam::(?P<account>\d{12}):(?:root|user/(?:.*/)?(?P<name>[^/]+))$")
    if (row := _first(pc.is_null(parts))) is not None:
        raise malformed_value(row + 2, "arn", arns[row].as_py())
    own = pc.match_substring_regex(pc.struct_field(parts, "account"), f"^{re.escape(account_id)}$")
    if (row := _first(pc.invert(own))) is not None:
        raise WrongAccountError(
            f"the credential report of account {account_id} holds {arns[row].as_py()!r} on line {row + 2}: "
            "credentials of two accounts were mixed up; the run was stopped"
        )
    for row in pc.indices_nonzero(pc.not_equal(pc.struct_field(parts, "name"), users)).to_pylist():
        arn, user = arns[row].as_py(), users[row].as_py()
        is_root = user == ROOT_USER and arn.endswith(":root")
        if not is_root and not arn.endswith(f"/{user}"):  # names with a slash are no names of IAM users
            raise malformed_value(row + 2, "user", user)


def _documented(table: pa.Table) -> pa.Table:
    absent = _repeated(ABSENT, table.num_rows)
    found = {name: table[name] if name in table.column_names else absent for name in COLUMNS}
    extra = {f"x_{name}": table[name] for name in table.column_names if name not in COLUMNS}
    return pa.table({**found, **extra})


def _repeated(text: str, count: int) -> pa.StringArray:
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(len(text))
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text.encode() * count))


def _first(mask: pa.ChunkedArray) -> int | None:
    """The first row that is true."""
    rows = pc.indices_nonzero(mask)
    return int(rows[0].as_py()) if len(rows) else None
