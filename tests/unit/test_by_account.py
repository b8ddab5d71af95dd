"""The counts of each control in each account: what an account has alone, and the controls' counts in sum."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.evaluator import Verdicts, evaluate
from auditor.model import CONTACTS, PASSWORD_POLICY, Organization, Unit
from auditor.tables import Frames
from tests.documents import contacts, no_policy, policy, resource_policy
from tests.support import (
    ACCOUNT,
    AS_OF,
    ORGANIZATION,
    OTHER,
    Documents,
    ago,
    automated,
    catalog,
    excluded,
    frames_of,
    gap,
    key,
    password,
    report,
    root,
    stored,
    unreachable,
    user,
    verdicts_of,
    waiver,
    waivers_of,
)

THIRD = "222233334444"
REPORTS = {
    ACCOUNT: report([root(), user("ann", **key(1, ago(100), ago(1))), user("bob", **password(ago(2), ago(3)))]),
    OTHER: report([root(OTHER, mfa_active="false"), *(user(f"u{n}", OTHER, **key(2, ago(n * 10))) for n in range(12))]),
    THIRD: report([user("no-root", THIRD, **password(ago(80), "not_supported"))]),
}
DOCUMENTS: Documents = {
    ACCOUNT: {PASSWORD_POLICY: policy(), CONTACTS: contacts({"Name": "Ann"})},
    OTHER: {PASSWORD_POLICY: no_policy()},
}
GAPS = {OTHER: [gap(CONTACTS)], THIRD: [gap(PASSWORD_POLICY)]}
IDS = (ACCOUNT, OTHER, THIRD)


@pytest.fixture(scope="module")
def whole() -> Frames:
    others = (excluded("333344445555"), unreachable("444455556666"))
    return frames_of(REPORTS, *others, documents=DOCUMENTS, gaps=GAPS)


@pytest.fixture(scope="module")
def judged_whole(whole: Frames) -> Verdicts:
    return verdicts_of(whole)


def of(account_id: str) -> Frames:
    """The frames of one account, as if there were no other."""
    documents = {account_id: DOCUMENTS[account_id]} if account_id in DOCUMENTS else {}
    return frames_of(
        {account_id: REPORTS[account_id]}, documents=documents, gaps={account_id: GAPS.get(account_id, [])}
    )


def counts(frame: pd.DataFrame) -> dict[str, list[int]]:
    """By control, the counts that are not all nothing."""
    rows = frame.set_index("control_id")[list(schema.COUNTS)]
    return {str(name): row.tolist() for name, row in rows.iterrows() if row.sum()}


@pytest.mark.parametrize("account_id", IDS)
def test_an_account_has_the_counts_that_it_has_alone(judged_whole: Verdicts, account_id: str) -> None:
    found = judged_whole.by_account
    alone = verdicts_of(of(account_id)).controls
    if account_id != ORGANIZATION.management_account_id:
        alone = alone[alone["unit"] != Unit.ORGANIZATION]
    assert counts(found[found["account_id"] == account_id]) == counts(alone)


def test_the_controls_have_the_sums(judged_whole: Verdicts) -> None:
    found = judged_whole
    sums = found.by_account.groupby("control_id", observed=True)[list(schema.COUNTS)].sum().reset_index()
    assert counts(sums) == counts(found.controls)
    assert sums[list(schema.COUNTS)].sum().drop("waived").gt(0).all(), "a count that never occurs proves nothing"


def test_rows_are_in_the_order_of_controls_and_accounts_and_typed(whole: Frames, judged_whole: Verdicts) -> None:
    found = judged_whole
    frame = found.by_account
    assert list(frame) == list(schema.BY_ACCOUNT)
    assert frame.dtypes.astype("str").to_list() == ["category"] * 2 + ["Int64"] * len(schema.COUNTS)
    assert frame["account_id"].cat.categories.to_list() == whole.accounts["account_id"].to_list()
    assert frame["control_id"].cat.categories.to_list() == found.controls["control_id"].to_list()
    places = list(zip(frame["control_id"].cat.codes, frame["account_id"].cat.codes, strict=True))
    assert places == sorted(set(places))
    assert set(frame["account_id"]) == {*IDS, "444455556666"}, "an excluded account has nothing to count"


def test_what_is_the_organizations_belongs_to_its_management_account() -> None:
    frames = frames_of({OTHER: REPORTS[OTHER]}, documents={"organization": {"resource-policy": resource_policy("")}})
    listed, not_listed = Organization("o-test", OTHER), Organization("o-test", "999999999999")
    for organization, owner in ((listed, [OTHER]), (not_listed, [])):
        found = evaluate(frames, automated(), organization, "o-test-20261124T101500Z", AS_OF)
        common = found.controls.loc[found.controls["unit"] == Unit.ORGANIZATION, "control_id"]
        rows = found.by_account[found.by_account["control_id"].isin(common)]
        assert rows["account_id"].dropna().unique().tolist() == owner
        assert len(rows) == len(common)


def test_an_account_in_no_organization_has_its_controls_as_not_applicable() -> None:
    frames = frames_of({OTHER: REPORTS[OTHER]})
    found = evaluate(frames, automated(), Organization(OTHER, OTHER), f"{OTHER}-20261124T101500Z", AS_OF)
    common = found.controls.loc[found.controls["unit"] == Unit.ORGANIZATION, "control_id"]
    rows = found.by_account[found.by_account["control_id"].isin(common)]
    assert rows["not_applicable"].tolist() == [1] * len(common)
    assert rows["account_id"].unique().tolist() == [OTHER]


def judged(folder: Path, *entries: str) -> Assessment:
    return assess(stored(folder / "snapshots", REPORTS), catalog=catalog(), waivers=waivers_of(folder, *entries))


def test_waived_failures_are_counted_in_their_accounts(tmp_path: Path) -> None:
    assessment = judged(tmp_path, waiver(scope="{user: ann}"), waiver("W-2", scope="{user: [u10, u11]}"))
    frame = assessment.by_account[assessment.by_account["control_id"] == "access-key-rotated-90d"]
    waived = dict(zip(frame["account_id"], frame["waived"], strict=True))
    assert waived == {ACCOUNT: 1, OTHER: 2}
    assert assessment.by_account["waived"].sum() == assessment.controls["waived"].sum() == 3


def test_no_accounts_give_no_rows() -> None:
    found = verdicts_of(frames_of({}))
    assert set(found.by_account["account_id"].dropna()) == set()
    assert list(found.by_account) == list(schema.BY_ACCOUNT)
