"""A contact that may not be read costs nothing but itself, whichever of the two it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, read_csv
from tests.expected import Expected

PLAIN = SandboxOptions(accounts=6, users=2, as_of=AS_OF, faulty=False)
SECURITY, PRIMARY = "security-contact-registered", "account-contact-current"
UNKNOWN = "on file: unknown (AccessDeniedException)"


@pytest.mark.parametrize("refused", ["GetContactInformation", "GetAlternateContact"])
def test_one_contact_is_judged_or_shown_though_the_other_is_refused(tmp_path: Path, refused: str) -> None:
    account = next(a.id for a in Sandbox(PLAIN).organization.active if not a.is_management)
    sandbox = Sandbox(replace(PLAIN, faults={account: f"deny:{refused}"}))
    with sandbox.serve() as url:
        options = ("--requirement", SECURITY, "--requirement", PRIMARY)
        result = Box(sandbox, url).auditor("run", "--format", "csv", *options, cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    snapshot = tmp_path / result.stdout.splitlines()[-1]
    rows = read_csv(snapshot / "findings.csv")
    found = {f["control_id"]: f for f in rows if f["account_id"] == account}
    assert found[PRIMARY]["status"] == "MANUAL"
    assert (found[PRIMARY]["observed"] == UNKNOWN) == (refused == "GetContactInformation")
    decided = found[SECURITY]["status"] in ("PASS", "FAIL")
    assert decided == (refused == "GetContactInformation")
    failed = {(f["account_id"], f["control_id"]) for f in rows if f["status"] == "FAIL"}
    assert failed == {failure[:2] for failure in Expected(sandbox).failures() if failure[1] == SECURITY}
    gap = next(a for a in read_csv(snapshot / "accounts.csv") if a["account_id"] == account)
    assert (gap["gap_evidence"], gap["gap_stage"], gap["gap_code"]) == ("contacts", "fetch", "AccessDeniedException")
    assert refused in gap["gap_message"]
    record = next(r for r in Snapshot.open(snapshot).manifest.accounts if r.account.id == account)
    assert [bool(g.request_id) for g in record.gaps] == [True], "AWS's name for the call that it refused"
