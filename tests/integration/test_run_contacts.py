"""A primary contact that may not be read costs nothing but itself."""

from __future__ import annotations

from pathlib import Path

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box, read_csv


def test_the_security_contact_is_judged_though_the_primary_one_is_refused(tmp_path: Path) -> None:
    plain = SandboxOptions(accounts=6, users=2, as_of=AS_OF, faulty=False)
    account = next(a.id for a in Sandbox(plain).organization.active if not a.is_management)
    faults = {account: "deny:GetContactInformation"}
    sandbox = Sandbox(SandboxOptions(accounts=6, users=2, as_of=AS_OF, faulty=False, faults=faults))
    with sandbox.serve() as url:
        options = ("--requirement", "security-contact-registered", "--requirement", "account-contact-current")
        result = Box(sandbox, url).auditor("run", "--format", "csv", *options, cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    findings = read_csv(tmp_path / result.stdout.splitlines()[-1] / "findings.csv")
    found = {f["control_id"]: (f["status"], f["observed"]) for f in findings if f["account_id"] == account}
    assert found["security-contact-registered"][0] in ("PASS", "FAIL")
    assert found["account-contact-current"] == ("MANUAL", "on file: unknown (AccessDeniedException)")
