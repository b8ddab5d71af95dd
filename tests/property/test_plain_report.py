"""A report that is taken for plain is one that the thorough reader finds nothing wrong with."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.kinds.credential_report import report_parser
from auditor.kinds.credential_report.plain_report import is_plain
from auditor.sandbox import Sandbox, SandboxOptions
from tests.support import AS_OF

BOX = Sandbox(SandboxOptions(accounts=12, users=8, as_of=AS_OF, faulty=False))
ACCOUNTS = [account.id for account in BOX.organization.active]
REPORTS = [BOX.report(account_id) for account_id in ACCOUNTS]
ODD = (
    *("", "true", "FALSE", "N/A", "n/a", "no_information", "not_supported", "(no column)", "yes", ",", '"', "\n", "\r"),
    *("2024-02-29T10:00:00Z", "2023-02-29T10:00:00Z", "2024-04-31T00:00:00+00:00", "2024-01-01T24:00:00Z"),
    *("0999-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "2024-01-01", "<root_account>", "arn:aws:iam::1:root"),
    *("user", "arn", "a/b", "\u00e4", "\0", " ", "us-east-1"),
)


def test_most_reports_are_plain() -> None:
    plain = [is_plain(report, account_id) for report, account_id in zip(REPORTS, ACCOUNTS, strict=True)]
    assert sum(plain) > len(plain) / 2


def test_a_report_of_another_account_is_not_plain() -> None:
    plain = [account_id for report, account_id in zip(REPORTS, ACCOUNTS, strict=True) if is_plain(report, account_id)]
    report = REPORTS[ACCOUNTS.index(plain[0])]
    assert not is_plain(report, plain[1])
    other = report.replace(plain[0].encode(), plain[1].encode(), 1)
    assert not is_plain(other, plain[0])
    assert not is_plain(other, plain[1])


@pytest.mark.parametrize("content", [b"", b"\n", b"user,arn", b"user,arn\n", b"user,arn,a\n\n", b"user,arn,a,a\n"])
def test_what_is_no_report_is_not_plain(content: bytes) -> None:
    assert not is_plain(content, ACCOUNTS[0])


@settings(max_examples=400, deadline=None)
@given(number=st.integers(0, len(REPORTS) - 1), changes=st.integers(0, 3), seed=st.integers())
def test_what_is_plain_has_nothing_wrong_with_it(number: int, changes: int, seed: int) -> None:
    rng = random.Random(seed)
    content = REPORTS[number]
    for _ in range(changes):
        content = _changed(content, rng)
    if is_plain(content, ACCOUNTS[number]):
        table = report_parser.parse(content, ACCOUNTS[number])
        report_parser.check_values(table)
        assert table.num_rows == content.decode().removesuffix("\n").count("\n")


def _changed(content: bytes, rng: random.Random) -> bytes:
    lines = content.decode().split("\n")
    at = rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines.insert(at, rng.choice(lines))
        case 1:
            del lines[at]
        case 2:
            cells = lines[at].split(",")
            cells[rng.randrange(len(cells))] = rng.choice(ODD)
            lines[at] = ",".join(cells)
        case _:
            place = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + rng.choice(ODD) + lines[at][place + rng.randrange(2) :]
    return "\n".join(lines).encode()
