"""Reports as AWS, proxies and accidents deliver them: read rightly, or refused with one clear reason."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from auditor.errors import EvidenceError, WrongAccountError
from auditor.kinds.credential_report import report_parser
from auditor.kinds.credential_report.report_parser import (
    ABSENT,
    BOOL_COLUMNS,
    TEXT_COLUMNS,
    TIME_COLUMNS,
    check_values,
    parse,
)
from tests.support import ACCOUNT, COLUMNS, OTHER, ago, key, password, report, root, user, without

ARN = f"arn:aws:iam::{ACCOUNT}:user"
NAMES = (
    "NA",
    "null",
    "None",
    "nan",
    "NaN",
    "N/A",
    "007",
    "1e5",
    "TRUE",
    "=1+1",
    "+x",
    "-x",
    "@x",
    "#N/A",
    "a,b",
    ",",
)


def parsed(content: bytes) -> dict[str, list[str]]:
    """All columns of a report, its values checked."""
    table = parse(content, ACCOUNT)
    check_values(table)
    assert all(field.type == pa.string() for field in table.schema)
    assert sum(column.null_count for column in table.columns) == 0
    values: dict[str, list[str]] = table.to_pydict()
    return values


def refusal(content: bytes) -> EvidenceError:
    with pytest.raises(EvidenceError) as caught:
        parsed(content)
    assert caught.value.stage == "validate"
    return caught.value


def unquoted(*names: str, path: str = "/", columns: tuple[str, ...] = COLUMNS) -> bytes:
    """A report that quotes nothing, whatever the names hold."""
    rows = [user(name, arn=f"{ARN}{path}{name}") for name in names]
    return "\n".join([",".join(columns), *(",".join(row[c] for c in columns) for row in rows)]).encode()


def test_every_value_is_the_text_that_aws_wrote() -> None:
    rows = [root(), user("ann", **password(ago(3), ago(30)), **key(1, ago(20), ago(2)))]
    assert parsed(report(rows)) == {
        **{column: [row[column] for row in rows] for column in COLUMNS},
        "additional_credentials_info": [ABSENT, ABSENT],
    }


def test_the_documented_columns_come_first_and_in_one_order() -> None:
    for columns in (COLUMNS, tuple(reversed(COLUMNS)), without("mfa_active")):
        assert parse(report([root()], columns), ACCOUNT).column_names == list(report_parser.COLUMNS)
    assert set(report_parser.COLUMNS) == {*COLUMNS, "additional_credentials_info"}
    assert {*BOOL_COLUMNS, *TIME_COLUMNS, *TEXT_COLUMNS, "user", "arn"} == set(report_parser.COLUMNS)


def test_a_missing_column_is_told_from_an_empty_and_a_not_available_one() -> None:
    rows = [root(mfa_active=""), user(mfa_active="N/A")]
    assert parsed(report(rows))["mfa_active"] == ["", "N/A"]
    assert parsed(report(rows, without("mfa_active")))["mfa_active"] == [ABSENT, ABSENT]


def test_unknown_columns_are_kept_under_a_prefix() -> None:
    columns = (*COLUMNS[:4], "passkey_count", *COLUMNS[4:], "x_user", "account_id")
    found = parsed(report([root() | {"passkey_count": "NA", "x_user": "1", "account_id": "007"}], columns))
    assert (found["x_passkey_count"], found["x_x_user"], found["x_account_id"]) == (["NA"], ["1"], ["007"])
    assert found["user"] == ["<root_account>"]


@pytest.mark.parametrize("count", [22, 23])
def test_22_and_23_columns(count: int) -> None:
    columns = (*COLUMNS, "additional_credentials_info")[:count]
    found = parsed(report([root() | {"additional_credentials_info": "N/A"}], columns))
    assert found["additional_credentials_info"] == ["N/A" if count == 23 else ABSENT]


def test_columns_in_another_order_are_read_by_name() -> None:
    rows = [root(), user("a,b", **key(2, ago(9), ago(1)))]
    straight = parsed(report(rows))
    for columns in (tuple(reversed(COLUMNS)), tuple(sorted(COLUMNS)), (*COLUMNS[2:], *COLUMNS[:2])):
        assert parsed(report(rows, columns)) == straight


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content,
        lambda content: content + b"\n",
        lambda content: content + b"\r\n",
        lambda content: content + b"\n\n\r\n",
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") + b"\r\n",
        lambda content: (
            b",".join(b'"%s"' % cell for cell in content.split(b"\n")[0].split(b",")) + content[content.index(b"\n") :]
        ),
    ],
    ids=["plain", "newline", "crlf-end", "newlines", "crlf", "bom", "bom-crlf", "quoted-header"],
)
@pytest.mark.parametrize("name", ["ann", "a,b"])
def test_line_ends_and_byte_order_marks_do_not_matter(change: Callable[[bytes], bytes], name: str) -> None:
    content = unquoted("zoe", name)
    assert parsed(change(content))["user"] == ["zoe", name]
    assert parsed(change(content))["cert_2_last_rotated"] == ["N/A", "N/A"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_trip_parsers_survive(name: str) -> None:
    rows = [root(), user(name), user("zoe")]
    found = parsed(report(rows))
    assert found["user"] == ["<root_account>", name, "zoe"]
    assert found["arn"][1] == f"{ARN}/{name}"


@pytest.mark.parametrize(
    "name", ["a,b", "Smith,John,Jr", ",", ",,", "a,", ",a", "a,=1+1", "arn,x", "a,true", "a,N/A,b"]
)
@pytest.mark.parametrize("path", ["/", "/team/", "/p,q/", "/a,b/x,y/"])
def test_commas_without_quotes_are_mended_by_the_arn(name: str, path: str) -> None:
    found = parsed(unquoted("ann", name, "zoe", path=path))
    assert found["user"] == ["ann", name, "zoe"]
    assert found["arn"] == [f"{ARN}{path}{n}" for n in ("ann", name, "zoe")]
    assert found["user_creation_time"] == [ago(400)] * 3
    assert found["cert_2_last_rotated"] == ["N/A"] * 3


def test_commas_are_mended_wherever_user_and_arn_stand() -> None:
    found = parsed(unquoted("a,b", "zoe", path="/x,y/", columns=(*COLUMNS[2:], *COLUMNS[:2])))
    assert (found["user"], found["mfa_active"]) == (["a,b", "zoe"], ["false", "false"])


def test_a_name_may_be_quoted_while_its_arn_is_not() -> None:
    content = unquoted("a,b").replace(b"a,b,arn", b'"a,b",arn')
    assert parsed(content)["user"] == ["a,b"]


def test_commas_that_nothing_explains_are_refused() -> None:
    columns = ("arn", "user", *COLUMNS[2:])
    for content in (unquoted("a,b", columns=columns), unquoted("ann") + b",more"):
        error = refusal(content)
        assert error.code == "MalformedRow"
        assert "line 2" in error.message


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "EmptyReport", "empty"),
        (b" \r\n\n ", "EmptyReport", "empty"),
        (b"\xef\xbb\xbf", "NotAReport", "no columns"),
        (report([]), "EmptyReport", "no rows"),
        (report([]) + b"\n", "EmptyReport", "no rows"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "NotAReport", "'<!DOCTYPE html>"),
        (b"<html>user,arn</html>", "NotAReport", "'<html>user,arn"),
        (b'{"Content": "dXNlcg=="}', "NotAReport", "'{"),
        (b"user,user_creation_time\nann,x", "NotAReport", "'arn'"),
        (b"USER,ARN\nann,x", "NotAReport", "'user'"),
        (report([root()], (*COLUMNS, "user")), "NotAReport", "twice"),
        (report([root()], (*COLUMNS, "mfa_active")), "NotAReport", "twice"),
        (report([root()]).decode().encode("utf-16"), "NotAReport", "not UTF-8 text (byte 0)"),
        (report([user("x\N{LATIN SMALL LETTER E WITH ACUTE}")]).decode().encode("latin-1"), "NotAReport", "not UTF-8"),
    ],
)
def test_what_is_no_report_is_refused(content: bytes, code: str, words: str) -> None:
    error = refusal(content)
    assert error.code == code
    assert words in error.message
    assert "\n" not in str(error)


def test_a_report_cut_off_anywhere_in_its_last_line_is_refused_or_complete() -> None:
    content = report([root(), user("ann"), user("bob", **key(1, ago(3)), cert_2_last_rotated=ago(5))])
    start = content.rindex(b"\n") + 1
    # Nothing can tell that a whole line is gone, or that the last cell was not empty.
    harmless = {content[:start], content[: content.rindex(b",") + 1]}
    for end in range(start, len(content)):
        if content[:end] not in harmless:
            error = refusal(content[:end])
            assert error.code in {"TruncatedReport", "MalformedValue"}
            assert "line 4" in error.message
    assert [len(parsed(cut)["user"]) for cut in sorted(harmless)] == [2, 3]


@pytest.mark.parametrize("line", [2, 3, 4])
def test_a_short_line_is_named(line: int) -> None:
    lines = report([root(), user("ann"), user("bob")]).split(b"\n")
    lines[line - 1] = lines[line - 1][:60].rpartition(b",")[0]
    error = refusal(b"\n".join(lines))
    assert error.code == "TruncatedReport"
    assert f"line {line} has " in error.message
    assert f" of {len(COLUMNS)} fields" in error.message


def test_an_empty_line_between_two_is_refused() -> None:
    assert "line 3" in refusal(report([root(), user("ann")]).replace(b"\nann", b"\n\nann")).message


@pytest.mark.parametrize(
    "content",
    [
        b"user,arn,mfa_active\r" + f"ann,{ARN}/ann,true".encode(),
        b"<html>\r<body>Sign in</body>\r</html>",
        b"<html>" + b"x" * 200_000,
        report([root(), user("a,b")]).replace(b'"', b"") + b",x" + b"y" * 200_000,
    ],
    ids=["lone-cr", "html-lone-cr", "long-first-line", "long-field"],
)
def test_what_the_csv_module_refuses_is_refused_too(content: bytes) -> None:
    assert refusal(content).code in {"NotAReport", "MalformedRow", "TruncatedReport"}


GOOD_TIMES = (
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05+00:00",
    "2026-01-02T04:04:05+01:00",
    "2026-01-01T22:04:05-05:00",
    "2026-01-02T03:04:05.000000Z",
    "2026-01-02T03:04:05.0+00:00",
)


@pytest.mark.parametrize("text", GOOD_TIMES)
def test_times_are_utc_whatever_their_form(text: str) -> None:
    found = parsed(report([root(user_creation_time=text)]))
    times = report_parser.to_time(pa.chunked_array([found["user_creation_time"]]))
    assert [t.isoformat() for t in times.to_pylist()] == ["2026-01-02T03:04:05+00:00"]


BAD_TIMES = (
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:61Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00z",
    "2026-01-01T00:00:00+25:00",
    "2026-01-01T00:00:00+0000",
    "2026-01-01 00:00:00Z",
    "2026-01-01",
    "01/02/2026",
    "1767225600",
    "yesterday",
    " 2026-01-01T00:00:00Z",
    "n / a",
    "NA",
    "none",
    "null",
    "٢٠٢٦-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
)


@pytest.mark.parametrize("text", BAD_TIMES)
def test_impossible_times_are_refused_by_line_and_column(text: str) -> None:
    error = refusal(report([root(), user(), user("bob", **key(2, rotated=text))]))
    assert error.code == "MalformedValue"
    assert error.message == f"line 4: access_key_2_last_rotated is {text!r}"


def test_a_good_time_beside_an_impossible_one_stays_readable() -> None:
    texts = pa.chunked_array([["2026-02-30T00:00:00Z", "2026-02-28T00:00:00Z"], ["N/A"]])
    assert [t and t.isoformat() for t in report_parser.to_time(texts).to_pylist()] == [
        None,
        "2026-02-28T00:00:00+00:00",
        None,
    ]


@pytest.mark.parametrize("name", TIME_COLUMNS)
def test_every_time_column_is_checked(name: str) -> None:
    error = refusal(report([root(), user(**{name: "soon"})]))
    assert error.message == f"line 3: {name} is 'soon'"


@pytest.mark.parametrize("name", BOOL_COLUMNS)
@pytest.mark.parametrize("text", ["yes", "1", "0", "t", " true", "truefalse", "2026-01-01T00:00:00Z", "None"])
def test_every_flag_column_is_checked(name: str, text: str) -> None:
    error = refusal(report([root(), user(**{name: text})]))
    assert (error.code, error.message) == ("MalformedValue", f"line 3: {name} is {text!r}")


@pytest.mark.parametrize("text", ["true", "TRUE", "True", "tRuE"])
def test_flags_are_read_without_case(text: str) -> None:
    found = parsed(report([root(mfa_active=text), user(mfa_active=text.upper().replace("TRUE", "FALSE"))]))
    assert report_parser.to_bool(pa.chunked_array([found["mfa_active"]])).to_pylist() == [True, False]


@pytest.mark.parametrize(
    "token", ["N/A", "n/a", "no_information", "NO_INFORMATION", "not_supported", "Not_Supported", ""]
)
def test_tokens_stand_in_place_of_any_value_without_case(token: str) -> None:
    names = (*BOOL_COLUMNS, *TIME_COLUMNS)
    found = parsed(report([root() | dict.fromkeys(names, token)]))
    for name in names:
        texts = pa.chunked_array([found[name]])
        typed = report_parser.to_bool(texts) if name in BOOL_COLUMNS else report_parser.to_time(texts)
        assert typed.to_pylist() == [None]
        assert report_parser.to_note(texts, typed).to_pylist() == [token.lower()]


def test_the_first_bad_line_is_named_and_long_values_are_cut() -> None:
    error = refusal(report([root(), user(mfa_active="y" * 100), user("bob", mfa_active="z")]))
    assert error.message == f"line 3: mfa_active is {'y' * 60!r}"


@pytest.mark.parametrize(
    "arn",
    ["", "N/A", "ann", f"arn:aws:iam::{ACCOUNT}:role/x", "arn:aws:iam::7:user/ann", f"arn:aws:iam::{ACCOUNT}:user/"],
)
def test_an_arn_that_is_none_is_refused(arn: str) -> None:
    error = refusal(report([root(), user(arn=arn)]))
    assert (error.code, error.message) == ("MalformedValue", f"line 3: arn is {arn!r}")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"])
def test_every_partition_is_welcome(partition: str) -> None:
    assert parsed(report([root(arn=f"arn:{partition}:iam::{ACCOUNT}:root")]))["user"] == ["<root_account>"]


@pytest.mark.parametrize("rows", [[root(OTHER)], [root(), user(), user("eve", OTHER)]])
def test_the_report_of_another_account_stops_everything(rows: list[dict[str, str]]) -> None:
    with pytest.raises(WrongAccountError) as caught:
        parse(report(rows), ACCOUNT)
    assert not isinstance(caught.value, EvidenceError)
    for word in (ACCOUNT, OTHER, f"line {len(rows) + 1}"):
        assert word in str(caught.value)


def test_leading_zeros_of_the_account_count() -> None:
    with pytest.raises(WrongAccountError):
        parse(report([root()]), ACCOUNT.lstrip("0"))


@pytest.mark.parametrize(
    "row", [user("ann", arn=f"{ARN}/bob"), user("<root_account>", arn=f"{ARN}/bob"), root(user="bob")]
)
def test_a_name_that_is_not_its_arns_is_refused(row: dict[str, str]) -> None:
    refusal(report([root(), row]))


def test_a_line_break_in_a_value_is_refused_because_rows_must_be_lines() -> None:
    content = report([user("ann"), user("bob")]).replace(b"ann,", b'"a\nnn",', 1)
    with pytest.raises(EvidenceError) as caught:
        parse(content, ACCOUNT)
    assert caught.value.code == "MalformedRow"
