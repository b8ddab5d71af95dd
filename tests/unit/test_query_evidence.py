"""SQL over the evidence that is not a credential report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from auditor.ask.ready_made import named_query
from auditor.judge.assessing import assess
from auditor.model import PASSWORD_POLICY, ROOT_CREDENTIALS
from auditor.store.evidence import Answer, Document
from auditor.tables import EVIDENCE_TABLES
from tests.asking import run_query
from tests.support import ACCOUNT, catalog, report, root, stored, user


def test_every_table_can_be_asked_even_where_nothing_was_collected(tmp_path: Path) -> None:
    snapshot = stored(tmp_path, {ACCOUNT: report([root(), user()])})
    assessment = assess(snapshot, list(catalog().benchmarks), catalog=catalog())
    for name in EVIDENCE_TABLES:
        assert len(run_query(assessment, f"select account_id, evidence_file from {name}")) == 0
    assert len(run_query(assessment, named_query("full-admin-policies"))) == 0


def test_a_row_has_the_account_the_facts_and_the_line(tmp_path: Path) -> None:
    policy = Document(
        PASSWORD_POLICY, (Answer("iam:GetAccountPasswordPolicy", {"PasswordPolicy": {"MinimumPasswordLength": 15}}),)
    )
    snapshot = stored(tmp_path, {ACCOUNT: report([root()])}, documents={ACCOUNT: {PASSWORD_POLICY: policy}})
    found = run_query(assess(snapshot, catalog=catalog()), "select * from password_policies")
    (row,) = found.to_dict("records")
    assert (row["account_id"], row["minimum_length"], row["policy_exists"], row["evidence_line"]) == (
        ACCOUNT,
        15,
        True,
        2,
    )


def test_what_a_session_of_root_showed_can_be_asked_for(tmp_path: Path) -> None:
    keys = {"AccessKeyMetadata": [{"Status": "Inactive"}]}
    document = Document(
        ROOT_CREDENTIALS,
        (Answer("iam:ListAccessKeys", keys), Answer("iam:ListMFADevices", {"MFADevices": []})),
    )
    snapshot = stored(tmp_path, {ACCOUNT: report([root()])}, documents={ACCOUNT: {ROOT_CREDENTIALS: document}})
    asked = "select access_key_1_active, summary_root_keys, mfa_active, password_enabled from root_credentials"
    (row,) = run_query(assess(snapshot, catalog=catalog()), asked).to_dict("records")
    assert (row["access_key_1_active"], row["summary_root_keys"], row["mfa_active"]) == (False, 1, False)
    assert pd.isna(row["password_enabled"])
