"""The shipped catalogue as a whole: complete, consistent, and written so that its readers can act on it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import catalog_folders
from auditor.catalog import Control, config_folder, load_catalog
from auditor.errors import CatalogError
from auditor.kinds import evidence_kinds, names_of
from auditor.kinds.declaration import Owner
from auditor.model import CREDENTIAL_REPORT, DEFAULT_BENCHMARKS, Severity, Unit

CATALOG = load_catalog()
CIS_IDS: dict[str, list[str]] = json.loads((Path(__file__).parents[1] / "data" / "cis_ids.json").read_text())
# The number of identity items that each version of the document has.
CIS_COUNTS = {
    "1.2.0": 22,
    "1.3.0": 22,
    "1.4.0": 21,
    "1.5.0": 21,
    "2.0.0": 22,
    "3.0.0": 22,
    "4.0.0": 22,
    "4.0.1": 22,
    "5.0.0": 21,
    "6.0.0": 21,
    "7.0.0": 26,
}
# Predicate, parameters and evidence of every control that a predicate decides.
CHECKED = {
    **{
        f"access-key-{slot}-rotated-{days}d": ("key_age", {"max_age_days": days}, [CREDENTIAL_REPORT])
        for slot in (1, 2)
        for days in (30, 45, 60, 90)
    },
    **{
        f"access-key-{slot}-unused-{days}d": ("unused", {"max_unused_days": days}, [CREDENTIAL_REPORT])
        for slot in (1, 2)
        for days in (30, 45, 60, 90)
    },
    "access-key-rotated-90d": ("key_age", {"max_age_days": 90}, [CREDENTIAL_REPORT, "access-keys"]),
    "access-analyzer-all-regions": (
        "analyzer_everywhere",
        {"analyzer_types": ["ACCOUNT", "ORGANIZATION"]},
        ["access-analyzers", "delegated-administrators"],
    ),
    "account-contact-current": ("contact_on_file", {}, ["contacts"]),
    "cloudshell-full-access-restricted": (
        "policy_attached_to_nobody",
        {"policy": "AWSCloudShellFullAccess"},
        ["authorization-details"],
    ),
    "console-user-mfa": ("console_mfa", {}, [CREDENTIAL_REPORT]),
    "credentials-unused-45d": ("unused", {"max_unused_days": 45}, [CREDENTIAL_REPORT, "access-keys"]),
    "credentials-unused-90d": ("unused", {"max_unused_days": 90}, [CREDENTIAL_REPORT, "access-keys"]),
    "identity-managed-centrally": (
        "central_identity",
        {},
        ["identity-providers", "identity-center", "authorization-details"],
    ),
    "no-access-key-at-user-setup": (
        "key_at_setup",
        {"same_time_tolerance_seconds": 10},
        [CREDENTIAL_REPORT, "access-keys"],
    ),
    "no-full-admin-policy": ("full_admin_policy", {}, ["authorization-details"]),
    "no-near-admin-policy": ("near_admin_policy", {}, ["authorization-details"]),
    "no-inline-full-admin": ("inline_full_admin", {}, ["authorization-details"]),
    "no-inline-near-admin": ("inline_near_admin", {}, ["authorization-details"]),
    "org-guardrail-policies": ("organization_policies_shown", {}, ["organization-policies"]),
    "org-management-account-no-workloads": ("management_account_shown", {}, ["ou-tree"]),
    "org-ou-structured": ("ou_tree_shown", {}, ["ou-tree"]),
    "org-policies-delegated-admin": ("policies_delegated", {}, ["resource-policy"]),
    "org-root-access-centralized": ("root_access_centralized", {}, ["organization-features"]),
    "org-services-delegated-admins": (
        "delegated_services_shown",
        {},
        ["delegated-administrators", "trusted-services"],
    ),
    "resource-policy-no-open-principal": ("no_open_role_trust", {}, ["authorization-details"]),
    "root-hardware-mfa": (
        "root_hardware_mfa",
        {"pass_when_root_password_absent": True},
        [CREDENTIAL_REPORT, "account-summary", "virtual-mfa-devices"],
    ),
    "root-hardware-mfa-always": (
        "root_hardware_mfa",
        {"pass_when_root_password_absent": False},
        [CREDENTIAL_REPORT, "account-summary", "virtual-mfa-devices"],
    ),
    "root-mfa": ("root_mfa", {"pass_when_root_password_absent": True}, [CREDENTIAL_REPORT, "account-summary"]),
    "root-mfa-always": ("root_mfa", {"pass_when_root_password_absent": False}, [CREDENTIAL_REPORT, "account-summary"]),
    "root-no-access-key": ("root_no_key", {}, [CREDENTIAL_REPORT, "account-summary"]),
    "root-use-avoided": ("root_unused", {"lookback_days": 90}, [CREDENTIAL_REPORT]),
    "single-active-access-key": ("active_key_count", {"max_active_keys": 1}, [CREDENTIAL_REPORT, "access-keys"]),
}
UNCHECKED = {"security-questions-set", "s3-block-public-access"}
# The direction in which each number is stricter; false is less than true.
STRICTER = {
    "max_age_days": "less",
    "max_unused_days": "less",
    "max_active_keys": "less",
    "max_password_age_days": "less",
    "pass_when_root_password_absent": "less",
    "same_time_tolerance_seconds": "more",
    "lookback_days": "more",
    "minimum_length": "more",
    "reuse_prevention": "more",
}
UNITS = {
    "no-full-admin-policy": Unit.POLICY,
    "expired-server-certs-removed": Unit.CERTIFICATE,
    "ec2-instance-role-used": Unit.INSTANCE,
    "user-permissions-via-groups": Unit.USER,
    "support-role-exists": Unit.ACCOUNT,
    "password-policy-reuse-24": Unit.ACCOUNT,
}


def texts(control: Control) -> Iterator[str]:
    yield from (control.title, control.why, control.how_tested)
    yield from (control.remediation.console, control.remediation.cli)
    yield from (*control.references, *control.notes)


def test_every_version_of_cis_is_there() -> None:
    versions = {b.version for b in CATALOG.benchmarks.values() if b.id.startswith("cis-aws-")}
    assert versions == set(CIS_IDS) == set(CIS_COUNTS)


@pytest.mark.parametrize("version", CIS_COUNTS)
def test_requirement_ids_are_exactly_those_of_the_document(version: str) -> None:
    benchmark = CATALOG.benchmark(f"cis-aws-{version}")
    ids = [r.id for r in benchmark.requirements]
    assert ids == CIS_IDS[version]
    assert len(ids) == len(set(ids)) == CIS_COUNTS[version]
    assert ids == sorted(ids, key=lambda i: [int(part) for part in i.split(".")])
    assert all(r.level in {1, 2} for r in benchmark.requirements)


@pytest.mark.parametrize("version", CIS_COUNTS)
def test_sections_and_assessments_suit_the_version(version: str) -> None:
    requirements = CATALOG.benchmark(f"cis-aws-{version}").requirements
    organizational = [r.id for r in requirements if r.section == "Organizations"]
    assert organizational == [i for i in CIS_IDS[version] if version == "7.0.0" and i.startswith("2.1.")]
    words = {"scored", "not_scored"} if version == "1.2.0" else {"automated", "manual", "disputed"}
    assert {r.assessment.value for r in requirements} <= words


def test_a_requirement_points_at_the_meaning_its_version_has() -> None:
    for version in CIS_COUNTS:
        controls = {r.control for r in CATALOG.benchmark(f"cis-aws-{version}").requirements}
        assert ("credentials-unused-90d" in controls) == (version in {"1.2.0", "1.3.0"})
        assert ("credentials-unused-45d" in controls) != ("credentials-unused-90d" in controls)
        assert ("root-mfa" in controls) == (version in {"5.0.0", "6.0.0", "7.0.0"})
        assert ("root-mfa-always" in controls) != ("root-mfa" in controls)
        assert ("root-hardware-mfa" in controls) == ("root-mfa" in controls)
        assert ("root-hardware-mfa-always" in controls) == ("root-mfa-always" in controls)


def test_every_control_is_asked_for_by_a_benchmark_and_the_reverse() -> None:
    named = {r.control for b in CATALOG.benchmarks.values() for r in b.requirements}
    assert named == set(CATALOG.controls)
    assert list(CATALOG.controls) == sorted(CATALOG.controls)


def test_ids_stand_quoted_in_the_files() -> None:
    for file in (config_folder() / "benchmarks").glob("*.yaml"):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "- id:" in line]
        assert lines
        assert all(re.fullmatch(r'  - id: "[^"]+"', line) for line in lines), file


def test_every_control_of_a_predicate_names_its_parameters_and_evidence() -> None:
    """What decides a control in SQL is in its entry, with examples that every engine is tried on."""
    checked = {c.id: (c.check, c.parameters, list(c.evidence)) for c in CATALOG.controls.values() if c.check}
    assert checked == CHECKED
    assert {c.id for c in CATALOG.controls.values() if not c.test} == UNCHECKED


def test_every_number_says_which_way_is_stricter() -> None:
    for control in CATALOG.controls.values():
        numbers = {name for name, value in control.parameters.items() if isinstance(value, int)}
        assert control.stricter == {name: STRICTER[name] for name in numbers}


def test_what_a_person_answers_says_so() -> None:
    for control in CATALOG.controls.values():
        assert (control.assessment == "manual") == (control.by_hand or control.id in UNCHECKED)
        assert control.how_tested.startswith("Manual") == (control.assessment == "manual")
        assert "for now" not in control.how_tested


def test_units_and_where_they_come_from() -> None:
    for control in CATALOG.controls.values():
        organizational = control.unit is Unit.ORGANIZATION
        assert organizational == control.id.startswith("org-")
        assert (control.unit is Unit.ROOT) == control.id.startswith("root-")
        if control.evidence:
            assert (control.evidence[0] in names_of(Owner.ORGANIZATION)) == organizational
        if control.unit in (Unit.CREDENTIAL, Unit.ROOT):
            assert control.evidence[0] == CREDENTIAL_REPORT
    assert {i: CATALOG.control(i).unit for i in UNITS} == UNITS


def test_every_kind_of_evidence_is_read_by_a_control_but_the_tags_that_tell_parameters() -> None:
    read = {kind for control in CATALOG.controls.values() for kind in control.evidence}
    assert set(evidence_kinds()) - read == {"account-tags"}


def test_boundaries_are_said_in_words() -> None:
    for control in CATALOG.controls.values():
        for name in ("max_age_days", "max_unused_days", "minimum_length", "max_password_age_days"):
            if name in control.parameters:
                limit = int(str(control.parameters[name]))
                outside = limit - 1 if name in ("max_unused_days", "minimum_length") else limit + 1
                assert {str(limit), str(outside)} <= set(re.findall(r"\d+", control.how_tested)), control.id


@pytest.mark.parametrize("control", CATALOG.controls.values(), ids=str)
def test_texts_are_complete_and_short_enough_to_read(control: Control) -> None:
    assert all(text.strip() and len(text) <= 1200 for text in texts(control))
    own = {r.control for r in CATALOG.benchmark("aws-iam-hygiene").requirements}
    assert (control.references[0] == "CIS AWS Foundations Benchmark") == (control.id not in own)
    assert len(control.why) > 60
    assert not any("arn:aws:iam::1" in text for text in texts(control))


@pytest.mark.parametrize("control", CATALOG.controls.values(), ids=str)
def test_commands_can_be_typed_as_printed(control: Control) -> None:
    for line in control.remediation.cli.splitlines():
        assert line.isascii(), "a long dash in a command is not an option"
        assert line.startswith(("aws ", "# "))
        assert not re.search(r"\s-[a-z]", line), "every option has two hyphens"


def test_titles_and_reasons_are_the_controls_own() -> None:
    titles = Counter(c.title for c in CATALOG.controls.values())
    reasons = Counter(c.why for c in CATALOG.controls.values())
    assert max(titles.values()) == max(reasons.values()) == 1


def test_the_founding_rule_is_whole() -> None:
    found = CATALOG.find("AWS_IAM_50")
    control = found.control
    assert found.requirement is not None
    assert found.requirement.title == "Ensure first access key is rotated every 45 days or less"
    assert (control.id, control.service, control.severity) == (
        "access-key-1-rotated-45d",
        "IAM",
        Severity.LOW,
    )
    assert (control.unit, control.credentials) == (Unit.CREDENTIAL, ("access_key_1",))
    for word in ("CLI", "SDKs", "PowerShell", "HTTP", "compromised", "departed", "lost, cracked or stolen"):
        assert word in control.why
    steps = [
        "create a new key",
        "switch the",
        "make the old key inactive",
        "watch",
        "delete the inactive key",
    ]
    positions = [control.remediation.console.index(step) for step in steps]
    assert positions == sorted(positions)
    assert "IAM > Users > the user > Security credentials" in control.remediation.console
    assert [line for line in control.remediation.cli.splitlines() if line.startswith("aws")] == [
        "aws iam create-access-key --user-name USER",
        "aws iam update-access-key --access-key-id KEY --status Inactive --user-name USER",
        "aws iam delete-access-key --access-key-id KEY --user-name USER",
    ]
    for word in ("CIS AWS Foundations Benchmark", "Managing access keys", "Security best practices"):
        assert word in " ".join(control.references)
    assert "access_key_1_last_rotated" in control.how_tested
    assert "exactly 45 days passes" in control.how_tested


def test_the_founding_rule_maps_to_key_rotation_in_every_version_of_cis() -> None:
    compliance = CATALOG.compliance("access-key-1-rotated-45d")
    rotation = CATALOG.compliance("access-key-rotated-90d")
    own = ("access-key-rules:access-key-1-rotated-45d", "aws-iam-rules:AWS_IAM_50")
    assert compliance.requirements == (*own, *rotation.requirements)
    assert len(rotation.requirements) == len(CIS_COUNTS)
    assert compliance.frameworks == rotation.frameworks
    assert compliance.frameworks["pci_dss_4_0"] == ("8.3.9", "8.6.3")


def test_the_second_key_has_the_same_rule() -> None:
    benchmark = CATALOG.benchmark("aws-iam-rules")
    assert [r.id for r in benchmark.requirements] == ["AWS_IAM_50", "access-key-2-rotated-45d"]
    assert CATALOG.control("access-key-2-rotated-45d").credentials == ("access_key_2",)
    assert "second access key" in (benchmark.requirements[1].title or "")


def test_selection_is_the_same_in_any_order_and_repetition() -> None:
    selection = CATALOG.select(DEFAULT_BENCHMARKS)
    assert selection == CATALOG.select((*reversed(DEFAULT_BENCHMARKS), *DEFAULT_BENCHMARKS))
    assert [c.id for c in selection.controls] == sorted(selection.requirements)
    assert len(selection.controls) == CIS_COUNTS["7.0.0"] + 2
    both = CATALOG.select(["cis-aws-7.0.0", "cis-aws-1.4.0"]).requirements
    assert both["access-key-rotated-90d"] == ("cis-aws-1.4.0:1.14", "cis-aws-7.0.0:2.12")


def test_lookup_by_control_and_by_requirement() -> None:
    assert CATALOG.find("root-mfa") == (CATALOG.control("root-mfa"), None, None)
    found = CATALOG.find("cis-aws-1.3.0:1.10")
    assert found.control.id == "console-user-mfa"
    assert CATALOG.find("2.1.1").control.id == "org-root-access-centralized"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2.12", "several benchmarks; name one of cis-aws-6.0.0:2.12, cis-aws-7.0.0:2.12"),
        ("aws_iam_5", "did you mean 'AWS_IAM_50'"),
        ("root-mfaa", "did you mean 'root-mfa'"),
        ("cis-aws-7.0.1:2.12", "unknown benchmark 'cis-aws-7.0.1' (did you mean"),
        ("cis-aws-7.0.0:2.1", "cis-aws-7.0.0 has no requirement '2.1' (did you mean"),
    ],
)
def test_a_lookup_that_fails_names_what_there_is(name: str, message: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(message)):
        CATALOG.find(name)


def test_unknown_names_are_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(CatalogError, match="did you mean 'root-mfa'"):
        CATALOG.control("rot-mfa")
    with pytest.raises(CatalogError, match=r"did you mean 'cis-aws-7\.0\.0'"):
        CATALOG.select(["cis-aws-7.0"])
    with pytest.raises(CatalogError, match="name at least one benchmark"):
        CATALOG.select([])


def test_the_hash_is_of_the_meaning_not_of_the_files() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", CATALOG.hash)
    assert load_catalog(config_folder()).hash == CATALOG.hash


def test_an_installed_wheel_uses_the_catalogue_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_folders, "_PACKAGE", tmp_path / "auditor")
    assert config_folder() == tmp_path / "config"
    (tmp_path / "auditor" / "_config").mkdir(parents=True)
    assert config_folder() == tmp_path / "auditor" / "_config"
