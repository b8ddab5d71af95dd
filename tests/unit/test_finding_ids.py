"""Ids of findings: the same in every snapshot, none twice, and none that tells a name that was redacted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.judge.assessment import Assessment
from auditor.judge.finding_ids import finding_id, finding_ids
from auditor.reperform.plain.verdicts import finding_id as plain_id
from auditor.report.redaction import redacted
from tests.support import ACCOUNT, AS_OF, OTHER, ago, judged, key, report, root, unreachable, user

ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
# printf '%s\n%s\n%s\n%s\n%s' ... | sha256sum, by hand.
BY_HAND = [
    (("o-test", ACCOUNT, "console-user-mfa", "", ANN), "f-2e8e508c72f706b2586f"),
    (("o-test", ACCOUNT, "access-key-rotated-90d", "access_key_1", ANN), "f-8a31659373d0f9cc6a58"),
    (("o-test", ACCOUNT, "console-user-mfa", "", ""), "f-83684a52b55f44101755"),
    (("o-é", "", "org-ou-structured", "", "a\nb"), "f-f699076247bf62794d5b"),
]
KEY = bytes(range(32))
Row = dict[str, object]


def row(account_id: str, control_id: str, credential: str, arn: str | None, name: str | None = None) -> Row:
    about = {"account_id": account_id, "control_id": control_id, "credential": credential}
    return dict.fromkeys(schema.FINDINGS) | about | {"resource_arn": arn, "resource_name": name}


def ids(rows: Sequence[Row]) -> list[str]:
    frame = schema.typed(pd.DataFrame(rows, columns=list(schema.FINDINGS)), schema.FINDINGS)
    return finding_ids(frame, "o-test").to_list()


@pytest.mark.parametrize(("parts", "expected"), BY_HAND)
def test_an_id_is_what_anybody_computes_by_hand(parts: tuple[str, str, str, str, str], expected: str) -> None:
    assert finding_id(*parts) == plain_id(*parts) == expected
    assert len(expected) == 22


def test_the_ids_of_a_frame_are_those_of_its_rows() -> None:
    rows = [row(ACCOUNT, "a", "", ANN, "ann"), row(ACCOUNT, "a", "password", None, "x"), row(OTHER, "b", "", None)]
    assert ids(rows) == [
        finding_id("o-test", ACCOUNT, "a", "", ANN),
        finding_id("o-test", ACCOUNT, "a", "password", "x"),
        finding_id("o-test", OTHER, "b", "", ""),
    ]
    assert ids([]) == []


def test_no_two_combinations_of_texts_are_taken_for_one_another() -> None:
    """What stands at the end of one part could stand at the beginning of the next."""
    rows = [
        ("ab", "c", "", "x"),
        ("a", "bc", "", "x"),
        ("a", "b", "c", "x"),
        ("a", "b", "", "c\nx"),
        ("a", "b", "", "cx"),
    ]
    assert len({finding_id("o", *parts) for parts in rows}) == len(rows)


def test_a_million_findings_have_a_million_ids() -> None:
    accounts = pd.Index([f"{n:012d}" for n in range(1000)])
    arns = pd.Index([f"arn:aws:iam::{n:012d}:user/{n}" for n in range(1000)])
    frame = pd.DataFrame(
        {
            "account_id": pd.Categorical.from_codes([n // 1000 for n in range(1_000_000)], accounts),
            "control_id": pd.Categorical.from_codes([0] * 1_000_000, pd.Index(["c"])),
            "credential": pd.Categorical.from_codes([0] * 1_000_000, pd.Index([""])),
            "resource_arn": pd.Categorical.from_codes([n % 1000 for n in range(1_000_000)], arns),
            "resource_name": pd.Categorical.from_codes([-1] * 1_000_000, pd.Index(["x"])),
        }
    )
    found = finding_ids(frame, "o-test")
    assert found.nunique() == 1_000_000
    assert found[999_999] == finding_id("o-test", accounts[999], "c", "", arns[999])


def assessed(folder: Path, later: int = 0) -> Assessment:
    rows = [root(), user("ann", password_enabled="true", **key(1, ago(100), ago(3))), user("bob", **key(2, ago(1)))]
    return judged(folder, {ACCOUNT: report(rows)}, unreachable(OTHER), as_of=AS_OF + timedelta(days=later))


def test_ids_are_unique_in_a_snapshot_and_the_same_in_a_later_one(tmp_path: Path) -> None:
    first, second = assessed(tmp_path / "a").findings, assessed(tmp_path / "b", later=200).findings
    assert first["finding_id"].is_unique
    assert first["finding_id"].to_list() == second["finding_id"].to_list()
    assert (first["status"].to_list(), first["as_of"][0]) != (second["status"].to_list(), second["as_of"][0])


def test_one_row_without_evidence_is_of_the_account_and_the_control(tmp_path: Path) -> None:
    findings = assessed(tmp_path).findings
    missing = findings[(findings["account_id"] == OTHER) & (findings["control_id"] == "console-user-mfa")]
    assert missing["status"].to_list() == ["NO_EVIDENCE"]
    assert missing["finding_id"].to_list() == [finding_id("o-test", OTHER, "console-user-mfa", "", "")]


def test_a_redacted_id_cannot_be_found_by_guessing_the_name(tmp_path: Path) -> None:
    plain = assessed(tmp_path)
    hidden, again = redacted(plain, KEY).findings, redacted(plain, KEY).findings
    other = redacted(plain, KEY[::-1]).findings
    of_users = plain.findings["resource_name"].isin(["ann", "bob"]).to_numpy()
    assert of_users.any()
    assert set(hidden["finding_id"][of_users]).isdisjoint(plain.findings["finding_id"])
    assert hidden["finding_id"].to_list() == again["finding_id"].to_list(), "sets of one key can be matched"
    assert set(hidden["finding_id"][of_users]).isdisjoint(other["finding_id"])
    assert hidden["finding_id"].to_list() == finding_ids(hidden, "o-test").to_list()
    assert hidden["finding_id"][~of_users].to_list() == plain.findings["finding_id"][~of_users].to_list()
