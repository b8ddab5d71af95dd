"""Every value that any finding quotes is compared with the line of evidence that the finding cites."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.catalog import Catalog
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.model import CREDENTIAL_REPORT
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box
from tests.organizations import made
from tests.quotations import cited, quotes, raw
from tests.quoted_wholes import whole
from tests.support import ACCOUNT, catalog, key, report, root, stored, user


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The demo's organization, smaller, with all evidence; accounts of it are read through a session of root."""
    out = tmp_path_factory.mktemp("quoted")
    settings = out / "auditor.yaml"
    benchmarks = "\n".join(f"- {name}" for name in catalog().benchmarks)
    root_audit = "root_audit: assume-root\n"
    settings.write_text(f"out: {out}\nreport_timeout: 10\nec2_instances: true\n{root_audit}benchmark:\n{benchmarks}\n")
    sandbox = Sandbox(SandboxOptions(accounts=60, users=12, as_of=AS_OF, central_root=True))
    with sandbox.serve() as url:
        done = Box(sandbox, url).auditor("collect", "--config", settings)
    assert done.returncode == 4, done.stderr
    return Snapshot.open(Path(done.stdout.splitlines()[-1]))


def misquoted(found: Assessment, folder: Path, own: Catalog) -> tuple[list[Any], Counter[str]]:
    """(control, name, quoted, what the evidence has) of each value that differs; how many were compared by control."""
    wrong, compared = list[Any](), Counter[str]()
    rows = found.findings.astype("str").fillna("").to_dict("records")
    for row in ({str(name): value for name, value in row.items()} for row in rows):
        if not row["observed"]:
            continue
        places, check = cited(folder, row), str(own.control(row["control_id"]).second_rule)
        compared[row["control_id"]] += 1
        shown = whole(check, places, row, folder)
        if shown is not None:
            wrong += [(row["control_id"], row["observed"], shown)] if shown != row["observed"] else []
            continue
        for name, value in quotes(row["observed"]):
            stands = raw(name, places, row)
            wrong += [(row["control_id"], name, value, stands)] if value != stands else []
    return wrong, compared


def test_every_value_quoted_of_the_boxed_organization_stands_on_the_cited_line(boxed: Snapshot) -> None:
    benchmarks = list(catalog().benchmarks)
    found = assess(boxed, benchmarks, catalog=catalog())
    wrong, compared = misquoted(found, boxed.folder, catalog())
    assert wrong == []
    assert compared.total() > 3000
    judged = {control.id for control in found.catalog_controls if control.test}
    assert judged == set(compared), "a control that quotes nothing proves nothing"


@pytest.mark.parametrize("first", range(0, 30, 15))
def test_every_value_quoted_of_organizations_made_by_chance_stands_on_the_cited_line(
    first: int, tmp_path: Path
) -> None:
    compared = Counter[str]()
    for seed in range(first, first + 15):
        case = made(tmp_path / str(seed), seed)
        found = assess(case.snapshot, as_of=case.as_of, catalog=case.catalog, selection=case.selection)
        wrong, counts = misquoted(found, case.snapshot.folder, case.catalog)
        assert (seed, wrong) == (seed, [])
        compared += counts
    assert compared.total() > 50


@pytest.mark.parametrize("said", ["not_supported", "Not_Supported", "true", "FALSE", "N/A", ""])
def test_the_flag_of_root_is_quoted_as_it_stands(said: str, tmp_path: Path) -> None:
    snapshot = stored(tmp_path, {ACCOUNT: report([root(password_enabled=said, mfa_active="TRUE")])})
    findings = assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog()).findings
    row = findings[(findings["control_id"] == "root-mfa")].iloc[0]
    assert row["observed"] == f"password_enabled {said}, mfa_active TRUE"


@pytest.mark.parametrize("ending", ["Z", "+00:00", "+05:45", "-11:30", ".25Z", ".123456+02:00"])
def test_a_time_is_quoted_with_its_own_offset(ending: str, tmp_path: Path) -> None:
    """The day is counted in UTC all the same."""
    at = f"2026-08-01T23:59:59{ending}"
    snapshot = stored(tmp_path, {ACCOUNT: report([root(), user("ann", **key(1, at, at))])})
    findings = assess(snapshot, ["aws-iam-rules"], catalog=catalog()).findings
    assert findings["observed"].to_list() == [f"access_key_1_last_rotated {at}"]
    plain = plain_observed(snapshot, ["aws-iam-rules"])
    assert plain == {f"access_key_1_last_rotated {at}"}


def plain_observed(snapshot: Snapshot, benchmarks: list[str]) -> set[str]:
    controls = plain_controls(catalog().select(benchmarks))
    found = reperformed(collected(snapshot.folder), controls, AS_OF)
    return {row.observed for verdicts in found for row in verdicts.rows}


def test_what_two_files_decide_is_seen_in_both(boxed: Snapshot) -> None:
    """A key of root that is switched off: the report shows none, and the account summary counts it."""
    findings = assess(boxed, ["cis-aws-7.0.0"], catalog=catalog()).findings
    keys = findings[(findings["control_id"] == "root-no-access-key") & (findings["status"] == "FAIL")]
    off = keys[keys["reason"] == "root has an inactive access key"]
    assert len(off) > 0
    for file, also in zip(off["evidence_file"], off["also_seen_in"], strict=True):
        assert file.endswith(f"{CREDENTIAL_REPORT}.csv")
        assert also == f"{Path(file).parent}/account-summary.json:2"
