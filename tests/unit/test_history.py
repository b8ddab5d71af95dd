"""First seen: the first of an unbroken row of earlier snapshots in which the same unit failed already."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor import schema
from auditor.history import History, look_back
from auditor.model import Organization
from auditor.report.csv_files import write_csv
from auditor.store.snapshot import Snapshot, SnapshotWriter
from tests.support import ACCOUNT, AS_OF, ORGANIZATION, OTHER, excluded, report, root, stored

KEYS, MFA = "access-key-rotated-90d", "console-user-mfa"
Unit = tuple[str, str, str, str]
"""Account, control, user, credential."""
Found = dict[Unit, str]
ANN: Unit = (ACCOUNT, KEYS, "ann", "access_key_1")
NOW = AS_OF


def ago(quarters: int) -> datetime:
    return NOW - timedelta(days=90 * quarters)


def sealed(out: Path, at: datetime, *left_out: str, organization: Organization = ORGANIZATION) -> Snapshot:
    """A snapshot of ACCOUNT and OTHER but for those that are left out of its scope."""
    writer = SnapshotWriter.create(out, organization.id, at)
    plain = stored(out / "made", {i: report([root(i)]) for i in (ACCOUNT, OTHER) if i not in left_out})
    records = (*plain.manifest.accounts, *map(excluded, left_out))
    manifest = dataclasses.replace(plain.manifest, snapshot_id=writer.snapshot_id, accounts=records)
    return writer.seal(dataclasses.replace(manifest, started_at=at, as_of=at, organization=organization))


def frame(found: Found, at: datetime) -> pd.DataFrame:
    """Findings; a user's name that is empty makes a row about the whole account."""
    rows = [_row(unit, status, at) for unit, status in found.items()]
    return schema.typed(pd.DataFrame(rows, columns=list(schema.FINDINGS)), schema.FINDINGS)


def _row(unit: Unit, status: str, at: datetime) -> dict[str, Any]:
    account, control, user, credential = unit
    arn = f"arn:aws:iam::{account}:user/{user}" if user else None
    about = {"account_id": account, "control_id": control, "resource_arn": arn, "resource_name": user or None}
    return dict.fromkeys(schema.FINDINGS, "") | about | {"credential": credential, "status": status, "evidence_line": 2}


def reported(
    snapshot: Snapshot, found: Found, controls: Iterable[str] = (KEYS, MFA), **derived_from: object
) -> Snapshot:
    """``findings.csv`` and ``summary.json`` beside the evidence."""
    at = snapshot.manifest.started_at
    path = write_csv(frame(found, at), snapshot.folder / "findings.csv")
    described(snapshot, path.read_bytes(), controls, **derived_from)
    return snapshot


def described(
    snapshot: Snapshot, findings: bytes, controls: Iterable[str] = (KEYS, MFA), **derived_from: object
) -> None:
    (snapshot.folder / "findings.csv").write_bytes(findings)
    origin = {"manifest_sha256": snapshot.manifest_sha256(), "as_of": snapshot.manifest.started_at.isoformat()}
    summary = {
        "derived_from": origin | derived_from,
        "controls": [{"control_id": control} for control in controls],
        "files": {"findings.csv": {"sha256": hashlib.sha256(findings).hexdigest()}},
    }
    (snapshot.folder / "summary.json").write_text(json.dumps(summary))


def before(out: Path, *quarters: Found | None, controls: Sequence[str] = (KEYS, MFA)) -> None:
    """Earlier snapshots, the last one a quarter ago; none in a quarter without findings."""
    for number, found in enumerate(reversed(quarters), start=1):
        if found is not None:
            reported(sealed(out, ago(number)), found, controls)


def now(out: Path, found: Found) -> tuple[History, list[object]]:
    history = look_back(sealed(out, NOW), frame(found, NOW))
    return history, [None if pd.isna(t) else t.to_pydatetime() for t in history.first_seen]


def since(out: Path, unit: Unit = ANN) -> object:
    """When one unit was first seen that fails now."""
    (found,) = now(out, {unit: "FAIL"})[1]
    return found


def test_what_failed_in_every_snapshot_was_first_seen_in_the_first(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, {ANN: "FAIL"}, {ANN: "FAIL"})
    assert since(tmp_path) == ago(3)


def test_what_was_mended_and_failed_again_was_first_seen_when_it_failed_again(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, {ANN: "PASS"}, {ANN: "FAIL"})
    assert since(tmp_path) == ago(1)


def test_what_never_failed_before_is_new(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "PASS"}, {})
    assert since(tmp_path) == NOW


def test_without_earlier_snapshots_everything_is_new(tmp_path: Path) -> None:
    assert since(tmp_path) == NOW


def test_what_was_not_there_in_between_is_new(tmp_path: Path) -> None:
    """Deleted, or nothing that the control applies to: such units are not listed."""
    before(tmp_path, {ANN: "FAIL"}, {(ACCOUNT, KEYS, "bob", "access_key_1"): "FAIL"})
    assert since(tmp_path) == NOW


def test_a_quarter_without_a_snapshot_breaks_nothing(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, None, {ANN: "FAIL"})
    assert since(tmp_path) == ago(3)


def test_a_snapshot_in_which_the_control_was_not_chosen_breaks_nothing(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, None)
    reported(sealed(tmp_path, ago(1)), {(ACCOUNT, MFA, "ann", ""): "PASS"}, [MFA])
    assert since(tmp_path) == ago(2)


@pytest.mark.parametrize("status", ["NO_EVIDENCE", "MANUAL"])
def test_an_account_whose_evidence_leaves_it_open_breaks_nothing(tmp_path: Path, status: str) -> None:
    before(tmp_path, {ANN: "FAIL"}, {(ACCOUNT, KEYS, "", ""): status})
    assert since(tmp_path) == ago(2)


def test_evidence_that_is_missing_for_another_account_or_control_leaves_nothing_open(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, {(OTHER, KEYS, "", ""): "NO_EVIDENCE", (ACCOUNT, MFA, "", ""): "NO_EVIDENCE"})
    assert since(tmp_path) == NOW


def test_a_unit_that_passed_is_mended_though_others_of_its_account_were_left_open(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, {ANN: "PASS", (ACCOUNT, KEYS, "", ""): "NO_EVIDENCE"})
    assert since(tmp_path) == NOW


def test_an_account_out_of_scope_breaks_nothing(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, None)
    reported(sealed(tmp_path, ago(1), ACCOUNT), {(OTHER, KEYS, "ann", "access_key_1"): "PASS"})
    assert since(tmp_path) == ago(2)


@pytest.mark.parametrize(
    "other",
    [
        (OTHER, KEYS, "ann", "access_key_1"),
        (ACCOUNT, MFA, "ann", "access_key_1"),
        (ACCOUNT, KEYS, "bob", "access_key_1"),
        (ACCOUNT, KEYS, "ann", "access_key_2"),
        (ACCOUNT, KEYS, "", ""),
    ],
    ids=["account", "control", "user", "credential", "whole account"],
)
def test_another_unit_is_another_failure(tmp_path: Path, other: Unit) -> None:
    before(tmp_path, {other: "FAIL"})
    assert since(tmp_path) == NOW


def test_a_failure_of_the_organization_without_its_account_has_a_history_too(tmp_path: Path) -> None:
    unit: Unit = ("", "org-root-access-centralized", "", "")
    before(tmp_path, {unit: "FAIL"})
    assert since(tmp_path, unit) == ago(1)


@pytest.mark.parametrize(
    "user", ["=1+1", "+x", "-x", "@x", "a,b", "'quoted'", 'two\nlines "x"', "\ttab", "Ünï \U0001f680"]
)
def test_names_are_the_same_however_csv_writes_them(tmp_path: Path, user: str) -> None:
    unit: Unit = (ACCOUNT, KEYS, user, "access_key_1")
    before(tmp_path, {unit: "FAIL", ANN: "PASS"})
    assert since(tmp_path, unit) == ago(1)


@pytest.mark.parametrize(("delimiter", "mark"), [(";", ""), ("\t", ""), ("|", "\ufeff"), (",", "\ufeff")])
def test_another_delimiter_or_a_mark_at_the_beginning_is_read_as_well(
    tmp_path: Path, delimiter: str, mark: str
) -> None:
    snapshot = reported(sealed(tmp_path, ago(1)), {ANN: "FAIL", (ACCOUNT, KEYS, "a;|\tb", "access_key_1"): "PASS"})
    path = snapshot.folder / "findings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(mark)
        csv.writer(file, delimiter=delimiter).writerows(rows)
    described(snapshot, path.read_bytes())
    assert since(tmp_path) == ago(1)


def test_only_failures_have_a_first_time_in_utc(tmp_path: Path) -> None:
    found = {ANN: "PASS", (OTHER, KEYS, "bob", "access_key_1"): "FAIL", (OTHER, MFA, "", ""): "NO_EVIDENCE"}
    findings = frame(found, NOW).iloc[::-1]
    times = look_back(sealed(tmp_path, NOW), findings).first_seen
    assert times.dtype == pd.DatetimeTZDtype("us", "UTC")
    assert list(times.index) == [2, 1, 0]
    assert times.tolist() == [pd.NaT, pd.Timestamp(NOW), pd.NaT]


def test_where_nothing_fails_nothing_is_read(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"})
    history, times = now(tmp_path, {ANN: "PASS"})
    assert (history.snapshots, times) == ((), [None])


def test_no_older_snapshot_is_read_than_one_that_ends_every_row(tmp_path: Path) -> None:
    before(tmp_path, {ANN: "FAIL"}, {ANN: "PASS"})
    assert now(tmp_path, {ANN: "FAIL"})[0].snapshots == ("o-test-20260826T101500Z",)


def test_only_older_sealed_snapshots_of_the_same_organization_count(tmp_path: Path) -> None:
    reported(sealed(tmp_path, NOW + timedelta(days=1)), {ANN: "FAIL"})
    reported(sealed(tmp_path, ago(1), organization=Organization("o-other", ACCOUNT)), {ANN: "FAIL"})
    reported(sealed(tmp_path, ago(2), organization=Organization("o-test-2", ACCOUNT)), {ANN: "FAIL"})
    unsealed = reported(sealed(tmp_path, ago(3)), {ANN: "FAIL"})
    (unsealed.folder / "manifest.json").unlink()
    history, times = now(tmp_path, {ANN: "FAIL"})
    assert (times, history.remarks) == ([NOW], ())


def _another_file(snapshot: Snapshot) -> None:
    path = snapshot.folder / "findings.csv"
    path.write_bytes(path.read_bytes().replace(b"FAIL", b"PASS"))


def _no_table(snapshot: Snapshot) -> None:
    described(snapshot, b'account_id,"control_id\n')


def _lacking(snapshot: Snapshot) -> None:
    described(snapshot, b"account_id,control_id,status\n000000000007,x,FAIL\n")


def _ragged(snapshot: Snapshot) -> None:
    described(snapshot, (snapshot.folder / "findings.csv").read_bytes() + b"one,two\n")


def _no_text(snapshot: Snapshot) -> None:
    described(snapshot, (snapshot.folder / "findings.csv").read_bytes().replace(b"ann", b"\xff\xfe\x00"))


def _empty(snapshot: Snapshot) -> None:
    described(snapshot, b"")


def _folder(snapshot: Snapshot) -> None:
    (snapshot.folder / "findings.csv").unlink()
    (snapshot.folder / "findings.csv").mkdir()


def _without(name: str) -> Callable[[Snapshot], None]:
    return lambda snapshot: (snapshot.folder / name).unlink()


def _unlisted(snapshot: Snapshot) -> None:
    path = snapshot.folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))


def _torn(name: str) -> Callable[[Snapshot], object]:
    return lambda snapshot: (snapshot.folder / name).write_text('{"derived_from": {')


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_another_file, "findings.csv is not the file that its summary.json names"),
        (_no_table, "findings.csv is damaged: "),
        (_lacking, "findings.csv is damaged: "),
        (_ragged, "findings.csv is damaged: "),
        (_no_text, "findings.csv is damaged: "),
        (_empty, "findings.csv is damaged: "),
        (_folder, "findings.csv cannot be read"),
        (_without("findings.csv"), "findings.csv cannot be read"),
        (_without("summary.json"), "summary.json cannot be read: No such file or directory; 'auditor report "),
        (_unlisted, "has no findings.csv; 'auditor report "),
        (_torn("summary.json"), "summary.json is damaged: "),
        (_torn("manifest.json"), "manifest.json is torn or was not written by this program"),
        (lambda s: reported(s, {ANN: "PASS"}, redacted=True), "findings.csv is redacted"),
        (lambda s: reported(s, {ANN: "PASS"}, manifest_sha256="0" * 64), "summary.json is about another snapshot"),
        (
            lambda s: reported(s, {ANN: "PASS"}, as_of=NOW.isoformat()),
            "was begun at 2026-08-26T10:15:00Z, but judged as of 2026-11-24T10:15:00Z",
        ),
    ],
)
def test_a_snapshot_that_cannot_be_relied_on_is_passed_over_with_a_remark(
    tmp_path: Path, damage: Callable[[Snapshot], object], told: str
) -> None:
    before(tmp_path, {ANN: "FAIL"}, None)
    damage(reported(sealed(tmp_path, ago(1)), {ANN: "FAIL"}))
    history, times = now(tmp_path, {ANN: "FAIL"})
    (remark,) = history.remarks
    assert remark.startswith("'first seen' passes over an earlier snapshot: ")
    assert told in remark
    assert "\n" not in remark
    assert (times, history.snapshots) == ([ago(2)], ("o-test-20260528T101500Z",)), "those beyond it still count"


def test_a_snapshot_under_anothers_name_is_not_taken_for_it(tmp_path: Path) -> None:
    later = reported(sealed(tmp_path, NOW + timedelta(days=1)), {ANN: "FAIL"})
    later.folder.rename(tmp_path / "o-test-20260101T000000Z")
    (remark,) = now(tmp_path, {ANN: "FAIL"})[0].remarks
    assert "is not the snapshot that its name tells" in remark


def test_random_histories_are_those_of_a_plain_walk_backwards(tmp_path: Path) -> None:
    rng = random.Random(7)
    units: list[Unit] = [
        (account, control, user, credential)
        for account in (ACCOUNT, OTHER)
        for control in (KEYS, MFA)
        for user in ("ann", "=bob")
        for credential in ("access_key_1", "access_key_2")
    ]
    for number in range(12):
        out = tmp_path / str(number)
        quarters = [_random_quarter(rng, units) for _ in range(4)]
        for index, (found, controls, left_out) in enumerate(quarters, start=1):
            reported(sealed(out, ago(index), *left_out), found, controls)
        history, times = now(out, dict.fromkeys(units, "FAIL"))
        assert history.remarks == ()
        assert times == [_walked_back(unit, quarters) for unit in units]


Quarter = tuple[Found, list[str], list[str]]


def _random_quarter(rng: random.Random, units: Sequence[Unit]) -> Quarter:
    """Findings, controls that were chosen, accounts out of scope; failures are likely, so that rows get long."""
    controls = [c for c in (KEYS, MFA) if rng.random() < 0.8]
    left_out = [a for a in (ACCOUNT, OTHER) if rng.random() < 0.1]
    tested = [u for u in units if u[1] in controls and u[0] not in left_out]
    statuses = {u: rng.choice(["FAIL"] * 6 + ["PASS", "absent"]) for u in tested}
    found = {u: status for u, status in statuses.items() if status != "absent"}
    left_open = {(u[0], u[1], "", ""): "NO_EVIDENCE" for u in tested if rng.random() < 0.1}
    return found | left_open, controls, left_out


def _walked_back(unit: Unit, quarters: Sequence[Quarter]) -> datetime:
    first = NOW
    for number, (found, controls, left_out) in enumerate(quarters, start=1):
        account, control = unit[:2]
        if found.get(unit) == "FAIL":
            first = ago(number)
        elif unit in found or (
            control in controls and account not in left_out and (account, control, "", "") not in found
        ):
            break
    return first.astimezone(UTC)
