"""How many requests evidence takes, and what the evidence says where one was spared."""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from pathlib import Path

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.identity_providers import PROVIDERS, Providers, planted_providers
from auditor.sandbox.kinds.virtual_mfa_devices import planted_devices
from tests.boxed import AS_OF, Box, read_csv
from tests.expected import Expected

OPTIONS = SandboxOptions(accounts=30, users=6, as_of=AS_OF, faulty=False, short_pages_every=0)


def ran(sandbox: Sandbox, place: Path, *requirements: str) -> Path:
    chosen = [part for name in requirements for part in ("--requirement", name)]
    benchmarks = ("--benchmark", "cis-aws-1.3.0", "--benchmark", "cis-aws-7.0.0")
    with sandbox.serve() as url:
        result = Box(sandbox, url).auditor("run", "--format", "csv", *benchmarks, *chosen, cwd=place)
    assert result.returncode in (0, 4), result.stderr
    return place / result.stdout.splitlines()[-1]


def calls(snapshot: Path, account: str, kind: str) -> tuple[list[str], str]:
    """The operations of one piece of evidence, and what it says of those that were spared."""
    told = json.loads((snapshot / "evidence" / account / f"{kind}.json").read_text())
    return [call["operation"] for call in told["calls"]], told["omitted"]


def test_a_second_list_of_identity_providers_is_asked_for_where_the_first_is_not_all(tmp_path: Path) -> None:
    saml, oidc = "iam:ListSAMLProviders", "iam:ListOpenIDConnectProviders"
    by_kind = dict(zip(PROVIDERS, ([], [saml], [oidc], [saml, oidc], [oidc, saml]), strict=True))
    plain = Sandbox(OPTIONS)
    # Without a summary both lists are needed; where roles cannot be seen, the list of the wrong kind comes first.
    blind, unseen = (
        next(a.id for a in plain.organization.active if kind_of(plain, a.id) == kind)
        for kind in (PROVIDERS[1], PROVIDERS[2])
    )
    denied = {blind: "deny:GetAccountSummary", unseen: "deny:GetAccountAuthorizationDetails"}
    sandbox = Sandbox(replace(OPTIONS, faults=denied))
    snapshot = ran(sandbox, tmp_path, "identity-managed-centrally")
    rows = read_csv(snapshot / "findings.csv")
    shown = {f["account_id"]: f for f in rows if f["control_id"] == "identity-managed-centrally"}
    for account in sandbox.organization.active:
        kind = kind_of(sandbox, account.id)
        made, omitted = calls(snapshot, account.id, "identity-providers")
        assert made == ([saml, oidc] if account.id in denied else by_kind[kind])
        assert ("was not called" in omitted) == (len(made) == 1)
        assert bool(omitted) == (len(made) < 2)
        listed = [arn.partition("/")[2] for arn in (*kind.saml, *kind.oidc)]
        trusted = sorted(arn.partition("/")[2] for arn in kind.trusted)
        told = "unknown" if account.id == unseen else ", ".join(trusted) or "none"
        providers = f"identity providers of the account: {', '.join(listed) or 'none'}"
        assert shown[account.id]["evidence_line"] == ("2" if made else "1")
        assert shown[account.id]["observed"].endswith(f"; {providers}; identity providers that its roles trust: {told}")


def kind_of(sandbox: Sandbox, account: str) -> Providers:
    """What was planted, of each ARN the last part."""
    found = sandbox.evidence(account).of(planted_providers)
    return Providers(*(tuple(arn.rpartition(":")[2] for arn in arns) for arns in astuple(found)))


def test_as_many_as_fit_on_a_page_are_asked_for(tmp_path: Path) -> None:
    sandbox = Sandbox(replace(OPTIONS, accounts=2, users=400))
    snapshot = ran(sandbox, tmp_path, "root-hardware-mfa")
    asked = [a.id for a in sandbox.organization.active if sandbox.evidence(a.id).root.mfa]
    assert asked
    for account in asked:
        assert len(sandbox.evidence(account).of(planted_devices)) > 100
        assert calls(snapshot, account, "virtual-mfa-devices") == (["iam:ListVirtualMFADevices"], "")


class Deleting(Sandbox):
    """A box in which somebody deletes a user after the report was made."""

    def __init__(self, options: SandboxOptions, name: str) -> None:
        super().__init__(options)
        whole = self.evidence

        def left(account_id: str) -> PlantedEvidence:
            evidence = whole(account_id)
            return replace(evidence, users=tuple(user for user in evidence.users if user.name != name))

        self.evidence = left  # type: ignore[assignment]


def test_a_user_deleted_after_the_report_was_made_is_no_gap_and_costs_no_other_user_a_verdict(tmp_path: Path) -> None:
    options = replace(OPTIONS, accounts=40)
    sandbox = Deleting(options, "further-keys")
    snapshot = ran(sandbox, tmp_path, "access-key-rotated-90d", "single-active-access-key")
    plain = Sandbox(options)
    having = [a.id for a in plain.organization.active if any(u.name == "further-keys" for u in plain.facts(a.id).users)]
    assert having
    accounts = {r["account_id"]: r for r in read_csv(snapshot / "accounts.csv")}
    assert {accounts[account]["gap_evidence"] for account in having} == {""}
    for account in having:
        told = json.loads((snapshot / "evidence" / account / "access-keys.json").read_text())
        assert [call["error"]["Code"] for call in told["calls"]] == ["NoSuchEntity"]
        assert told["calls"][0]["request_id"]
        rows = [r for r in read_csv(snapshot / "findings.csv") if r["account_id"] == account]
        left_open = [r for r in rows if r["status"] == "NO_EVIDENCE" and r["control_id"] == "access-key-rotated-90d"]
        assert [r["reason"].partition(";")[0] for r in left_open] == ["1 unit undecided"]
        assert "and was deleted before they could be listed" in left_open[0]["reason"]
        found = {(r["control_id"], r["resource_name"], r["credential"]) for r in rows if r["status"] == "FAIL"}
        expected = {f[1:] for f in Expected(plain).failures() if f[0] == account}
        controls = ("access-key-rotated-90d", "single-active-access-key")
        assert found == {f for f in expected if f[0] in controls and (f[1] != "further-keys" or f[2] in SLOTS)}


SLOTS = ("access_key_1", "access_key_2")


def test_root_needs_no_mfa_in_the_govcloud_partition(tmp_path: Path) -> None:
    sandbox = Sandbox(replace(OPTIONS, partition="aws-us-gov"))
    controls = ("root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always", "root-no-access-key")
    snapshot = ran(sandbox, tmp_path, *controls)
    counts = {r["control_id"]: r for r in read_csv(snapshot / "controls.csv")}
    active = str(len(sandbox.organization.active))
    for control in controls[:-1]:
        assert (counts[control]["not_applicable"], counts[control]["population"]) == (active, "0")
    assert int(counts["root-no-access-key"]["population"]) > 0
    rows = read_csv(snapshot / "findings.csv")
    found = {(f["account_id"], f["control_id"], f["resource_name"]) for f in rows if f["status"] == "FAIL"}
    assert found == {f[:3] for f in Expected(sandbox).failures() if f[1] in controls}
    shown = Box(sandbox, "http://127.0.0.1:1").auditor(
        *("explain", "root-mfa", snapshot, "--account", sandbox.organization.active[1].id)
    )
    assert shown.returncode == 0, shown.stderr
    text = " ".join(shown.stdout.split())
    assert "-> NOT_APPLICABLE" in text
    assert "reason: CIS does not require MFA for root in the GovCloud partition" in text


def test_parameters_that_hold_for_no_account_are_told_in_the_summary_and_on_stderr(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    entry = "- {control: access-key-rotated-90d, parameters: {max_age_days: %d}, ou: %s, reason: ours}\n"
    (own / "parameters.yaml").write_text(entry % (30, "Root") + entry % (40, "zzzz-0000"))
    sandbox = Sandbox(replace(OPTIONS, accounts=4, users=2))
    sentence = "the parameters of access-key-rotated-90d for ou zzzz-0000 match no account"
    given = ("--format", "csv", "--config-dir", own, "--requirement", "access-key-rotated-90d")
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        result = box.auditor("run", *given, cwd=tmp_path)
        assert result.returncode in (0, 4), result.stderr
        snapshot = tmp_path / result.stdout.splitlines()[-1]
        quiet = box.auditor("report", snapshot, *given, "--quiet")
    assert [line for line in result.stderr.splitlines() if "match no account" in line] == [f"auditor: {sentence}"]
    assert quiet.stderr == ""
    assert json.loads((snapshot / "summary.json").read_text())["parameters_for_no_account"] == [sentence]
