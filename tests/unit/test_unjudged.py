"""Evidence that was collected and that no chosen control reads: it can be asked about, and it changes no verdict."""

from __future__ import annotations

from pathlib import Path

from auditor.judge.assessing import assess
from tests.asking import run_query
from tests.documents import policy, summary
from tests.support import ACCOUNT, catalog, report, root, stored, user


def test_it_can_be_asked_about(tmp_path: Path) -> None:
    documents = {ACCOUNT: {"account-summary": summary(), "password-policy": policy()}}
    snapshot = stored(tmp_path, {ACCOUNT: report([root(), user("ann")])}, documents=documents)
    found = assess(snapshot, ["aws-iam-rules"], catalog=catalog())
    assert run_query(found, "select account_id from password_policies")["account_id"].to_list() == [ACCOUNT]


def test_what_cannot_be_read_of_it_is_no_gap_and_no_row(tmp_path: Path) -> None:
    reports = {ACCOUNT: report([root(), user("ann")])}
    snapshot = stored(tmp_path, reports, documents={ACCOUNT: {"password-policy": policy()}})
    (snapshot.folder / "evidence" / ACCOUNT / "password-policy.json").write_bytes(b"{")
    found = assess(snapshot, ["aws-iam-rules"], catalog=catalog())
    assert not len(found.gaps)
    assert len(run_query(found, "select * from password_policies")) == 0
    assert "password-policy" in set(assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog()).gaps["evidence"])
