"""A part is what its accounts would be alone: the same rows, the same counts, and nothing of any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.catalog import Control
from auditor.errors import ConfigurationError
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.model import Status, Unit
from auditor.report.narrowing import narrowed, parts_of
from auditor.report.redaction import redacted
from tests import divided
from tests.divided import ACCOUNTS, EVERY, EXCLUDED, UNREACHABLE, marks_of
from tests.support import ACCOUNT, catalog, waivers_of

TWO = (ACCOUNTS[1], ACCOUNTS[4])
FRAMES = ("accounts", "gaps", "remarks", "users", "credentials", "findings", "by_account", "bridge")


def judged(folder: Path, **other: object) -> Assessment:
    snapshot = divided.divided(folder / "snapshots", **other)  # type: ignore[arg-type]
    waivers = waivers_of(folder, *divided.waiver_entries())
    return assess(snapshot, list(catalog().benchmarks), catalog=catalog(), waivers=waivers)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(tmp_path_factory.mktemp("whole"))


def of_accounts(frame: pd.DataFrame, controls: tuple[Control, ...]) -> pd.DataFrame:
    """As texts, without what is about the organization, which is another one where accounts are alone."""
    common = [c.id for c in controls if c.unit is Unit.ORGANIZATION]
    chosen = ~frame["control_id"].isin(common) if "control_id" in frame else frame.iloc[:, 0] == frame.iloc[:, 0]
    chosen &= frame["account_id"].astype("str") != "" if "account_id" in frame else True
    documented = [name for name in frame if len(frame) or not str(name).startswith("x_")]
    return frame.loc[chosen.to_numpy(dtype=bool), documented].astype("object").astype("str").reset_index(drop=True)


@pytest.mark.parametrize("ids", [TWO, (ACCOUNTS[2],), (UNREACHABLE,), (EXCLUDED,)], ids=lambda ids: " ".join(ids))
def test_a_part_has_the_rows_and_counts_that_its_accounts_have_alone(
    whole: Assessment, ids: tuple[str, ...], tmp_path: Path
) -> None:
    alone, part = judged(tmp_path, only=ids), narrowed(whole, ids, "x")
    for name in FRAMES:
        wanted, found = (of_accounts(getattr(a, name), whole.catalog_controls) for a in (alone, part))
        pd.testing.assert_frame_equal(found, wanted, obj=name)
    kept = part.controls["unit"] != Unit.ORGANIZATION
    pd.testing.assert_frame_equal(part.controls[kept], alone.controls[kept])
    for name, frame in part.evidence.items():
        pd.testing.assert_frame_equal(frame.astype("str"), alone.evidence[name].astype("str"), obj=name)
    assert part.tags == (alone.tags or {})


def test_the_counts_of_all_parts_are_those_of_the_whole(whole: Assessment) -> None:
    parts = [narrowed(whole, part.account_ids, part.owner) for part in parts_of(whole, "ou")]
    sums = sum(part.controls.set_index("control_id")[list(schema.COUNTS)] for part in parts)
    wanted = whole.controls.set_index("control_id")[list(schema.COUNTS)]
    pd.testing.assert_frame_equal(sums, wanted)  # type: ignore[arg-type]
    assert sum(len(part.findings) for part in parts) == len(whole.findings)
    assert sum(int(part.waivers["waived"].sum()) for part in parts) == whole.waivers["waived"].sum() > 0


def test_what_is_the_organizations_goes_with_the_management_account(whole: Assessment) -> None:
    common = [c.id for c in whole.catalog_controls if c.unit is Unit.ORGANIZATION]
    for ids, has in (((ACCOUNT, ACCOUNTS[3]), True), (TWO, False)):
        part = narrowed(whole, ids, "x")
        assert part.findings["control_id"].isin(common).any() == has
        assert (part.gaps["account_id"] == "").any() == (has and bool((whole.gaps["account_id"] == "").any()))
        told = part.controls.set_index("control_id").loc[common, ["population", "no_evidence", "manual"]]
        assert bool(told.sum().sum()) == has


def texts_of(assessment: Assessment) -> str:
    """All texts of all fields, also of categories that no row has; what the evidence holds beside them too."""
    parts = []
    for field in dataclasses.fields(assessment):
        value = getattr(assessment, field.name)
        frames = list(value.values()) if isinstance(value, Mapping) else [value]
        parts.append(repr(value) if not isinstance(value, pd.DataFrame) else "")
        for frame in (frame for frame in frames if isinstance(frame, pd.DataFrame)):
            columns = [frame[name] for name in frame]
            parts += [str(c.cat.categories.to_list() if hasattr(c, "cat") else c.to_list()) for c in columns]
    parts += [str(table.to_pylist()) for table in assessment.originals(EVERY)]
    return " ".join(parts).replace(assessment.caller_arn, "")


def test_no_field_of_a_part_tells_of_another_account_not_even_a_category(whole: Assessment) -> None:
    told = texts_of(narrowed(whole, TWO, "x"))
    others = [mark for other in EVERY if other not in TWO for mark in marks_of(other)]
    assert [mark for mark in others if mark in told] == []
    assert [mark for mark in others if mark not in texts_of(whole)] == [], "what is nowhere proves nothing"
    assert [mark for i in TWO for mark in marks_of(i) if mark not in told] == []


def test_every_field_of_an_assessment_is_thought_of() -> None:
    same_for_all = {"snapshot_id", "organization_id", "caller_arn", "as_of", "started_at", "finished_at", "interrupted"}
    same_for_all |= {"run", "tool_version", "manifest_sha256", "catalog_hash", "options", "benchmarks", "dropped"}
    same_for_all |= {
        "catalog_controls",
        "waivers_sha256",
        "redacted_with",
        "period",
        "out_of_period",
        "signature",
        "earlier_snapshots",
    }
    cut = {
        *(name for name in FRAMES if name not in ("users", "credentials", "findings")),
        "large",
        "evidence_files",
        "controls",
        "waivers",
        "waiver_matches",
        "settings",
        "first_seen",
        "own_parameters",
    }
    assert {field.name for field in dataclasses.fields(Assessment)} == same_for_all | cut | {
        "originals",
        "tags",
        "part",
        "idle_overrides",
    }


def test_waivers_are_told_where_a_failure_is_in_their_scope(whole: Assessment) -> None:
    found = {i: narrowed(whole, (i,), "x").waivers for i in ACCOUNTS}
    assert {i: w["waiver_id"].to_list() for i, w in found.items() if len(w)} == {
        ACCOUNTS[1]: ["W-one", "W-three"],
        ACCOUNTS[2]: ["W-one", "W-two"],
    }
    one = found[ACCOUNTS[2]].set_index("waiver_id")
    failed = narrowed(whole, (ACCOUNTS[2],), "x").findings.query("status == 'FAIL'")
    assert one.loc["W-one", "matched"] == (failed["control_id"] == "access-key-rotated-90d").sum() > 0
    assert one.loc["W-one", "waived"] == (failed["waiver_id"] == "W-one").sum()
    assert one.loc["W-one", "scope"] == f"account (another account), {ACCOUNTS[2]}"
    assert one.loc["W-one", "reason"] == "for (another account)"
    assert (one.loc["W-two", "state"], one.loc["W-two", "waived"]) == ("expired", 0)


def test_settings_that_name_other_accounts_are_left_out(whole: Assessment) -> None:
    asked = {"account": list(ACCOUNTS), "exclude": [EXCLUDED], "role": "Auditor"}
    part = narrowed(dataclasses.replace(whole, settings=asked), TWO, "x")
    assert part.settings == {"role": "Auditor"}


def test_looser_settings_are_told_where_they_hold(whole: Assessment) -> None:
    control = str(whole.controls["control_id"].iloc[0])
    everywhere = "a 1 instead of 2 for every account: looser than the benchmark allows"
    here, there = (f"a 1 instead of 2 for account {i}: looser than the benchmark allows" for i in (TWO[0], ACCOUNT))
    told = whole.controls.assign(looser_settings="; ".join((everywhere, here, there)))
    own = {control: {TWO[0]: {"a": 1}, ACCOUNT: {"a": 1}}}
    part = narrowed(dataclasses.replace(whole, controls=told, own_parameters=own), TWO, "x")
    assert part.controls["looser_settings"].to_list()[:2] == [f"{everywhere}; {here}", everywhere]
    assert part.own_parameters == {control: {TWO[0]: {"a": 1}}}


def test_first_seen_goes_with_its_findings(whole: Assessment) -> None:
    seen = whole.findings["evidence_line"].rename("seen")
    part = narrowed(dataclasses.replace(whole, first_seen=seen), TWO, "x")
    assert part.first_seen is not None
    assert part.first_seen.to_list() == part.findings["evidence_line"].to_list()


@pytest.mark.parametrize("split_by", ["ou", "account", "tag:Owner", "tag:a=b"])
def test_every_account_is_in_exactly_one_part(whole: Assessment, split_by: str) -> None:
    parts = parts_of(whole, split_by)
    assert sorted(i for part in parts for i in part.account_ids) == sorted(EVERY)
    assert len({part.owner for part in parts}) == len(parts)


def test_owners_are_ous_accounts_or_values_of_a_tag(whole: Assessment) -> None:
    assert [p.owner for p in parts_of(whole, "ou")] == ["(no OU)", *sorted({ou for ou in divided.OUS if ou})]
    assert next(p.owner for p in parts_of(whole, "account")) == f"{ACCOUNT} {divided.name_of(ACCOUNT)}"
    by_tag = {p.owner: p.account_ids for p in parts_of(whole, "tag:Owner")}
    assert by_tag["team/one"] == (ACCOUNT, "222222222222")
    assert by_tag["(empty)"] == (UNREACHABLE,)
    assert EXCLUDED in by_tag["(no tag)"]
    assert {p.owner for p in parts_of(whole, "tag:a=b")} == {"c", "(no tag)"}


def test_a_tag_that_no_account_has_is_refused_with_the_nearest_one(whole: Assessment) -> None:
    with pytest.raises(
        ConfigurationError, match=r"the tag 'owner': no account has this tag \(did you mean 'Owner'\?\)"
    ):
        parts_of(whole, "tag:owner")


def test_a_snapshot_without_tags_cannot_be_split_by_one(tmp_path: Path) -> None:
    without = judged(tmp_path, tags=False)
    with pytest.raises(ConfigurationError, match="has no tags of accounts; collect with --split-by"):
        parts_of(without, "tag:Owner")
    assert parts_of(without, "ou")


def test_parts_of_a_redacted_assessment_have_pseudonyms(whole: Assessment) -> None:
    part = narrowed(redacted(whole, bytes(range(32))), TWO, "x")
    told = texts_of(part)
    assert [name for i in EVERY for name in divided.users_of(i) if name in told] == []
    assert part.redacted_with
    assert (part.findings["status"] == Status.FAIL.value).sum() > 0
