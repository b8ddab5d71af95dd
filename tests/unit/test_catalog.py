"""The shipped catalogue as a whole: complete, consistent, and written so that its readers can act on it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.catalog import DEFAULT_BENCHMARKS, Control, config_folder, load_catalog
from auditor.catalog import loading as catalog_loading
from auditor.errors import CatalogError
from auditor.model import CREDENTIAL_REPORT, Severity, Unit

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
AUTOMATED = {
    "access-key-1-rotated-45d": ("key_age", {"max_age_days": 45}),
    "access-key-2-rotated-45d": ("key_age", {"max_age_days": 45}),
    "access-key-rotated-90d": ("key_age", {"max_age_days": 90}),
    "console-user-mfa": ("console_mfa", {}),
    "credentials-unused-45d": ("unused", {"max_unused_days": 45}),
    "credentials-unused-90d": ("unused", {"max_unused_days": 90}),
    "no-access-key-at-user-setup": ("key_at_setup", {"same_time_tolerance_seconds": 10}),
    "root-mfa": ("root_mfa", {"pass_when_root_password_absent": True}),
    "root-mfa-always": ("root_mfa", {"pass_when_root_password_absent": False}),
    "root-no-access-key": ("root_no_key", {}),
    "root-use-avoided": ("root_unused", {"lookback_days": 90}),
    "single-active-access-key": ("active_key_count", {"max_active_keys": 1}),
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


def test_every_control_is_asked_for_by_a_benchmark_and_the_reverse() -> None:
    named = {r.control for b in CATALOG.benchmarks.values() for r in b.requirements}
    assert named == set(CATALOG.controls)
    assert list(CATALOG.controls) == sorted(CATALOG.controls)


def test_ids_stand_quoted_in_the_files() -> None:
    for file in (config_folder() / "benchmarks").glob("*.yaml"):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "- id:" in line]
        assert lines
        assert all(re.fullmatch(r'  - id: "[^"]+"', line) for line in lines), file


def test_automated_controls_name_their_check_and_parameters() -> None:
    automated = {c.id: c for c in CATALOG.controls.values() if c.check}
    assert {i: (c.check, c.parameters) for i, c in automated.items()} == AUTOMATED
    assert all(c.evidence == (CREDENTIAL_REPORT,) and not c.planned for c in automated.values())


def test_manual_controls_read_no_evidence_and_say_how_to_test_by_hand() -> None:
    for control in CATALOG.controls.values():
        if control.check is None:
            assert not control.evidence
            assert control.how_tested.startswith("By hand for now." if control.planned else "By hand")


def test_organization_controls_are_judged_once_per_organization() -> None:
    for control in CATALOG.controls.values():
        assert (control.unit is Unit.ORGANIZATION) == control.id.startswith("org-")
        assert (control.unit is Unit.ROOT) == (control.id.startswith("root-") and control.check is not None)


@pytest.mark.parametrize("control", CATALOG.controls.values(), ids=str)
def test_texts_are_complete_and_short_enough_to_read(control: Control) -> None:
    assert all(text.strip() and len(text) <= 1200 for text in texts(control))
    assert control.references[0] == "CIS AWS Foundations Benchmark"
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
    assert compliance.requirements == ("aws-iam-rules:AWS_IAM_50", *rotation.requirements)
    assert len(rotation.requirements) == len(CIS_COUNTS)
    assert compliance.frameworks == rotation.frameworks
    assert compliance.frameworks["pci_dss_4_0"] == ("8.3.9", "8.6.3")


def test_the_second_key_has_a_sibling_rule() -> None:
    benchmark = CATALOG.benchmark("aws-iam-rules")
    assert [r.id for r in benchmark.requirements] == ["AWS_IAM_50", "access-key-2-rotated-45d"]
    assert CATALOG.control("access-key-2-rotated-45d").credentials == ("access_key_2",)
    assert "sibling" in (benchmark.requirements[1].title or "")


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
    with pytest.raises(CatalogError, match="no benchmark was named"):
        CATALOG.select([])


def test_the_hash_is_of_the_meaning_not_of_the_files() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", CATALOG.hash)
    assert load_catalog(config_folder()).hash == CATALOG.hash


def test_an_installed_wheel_uses_the_catalogue_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_loading, "_PACKAGE", tmp_path / "auditor")
    assert config_folder() == tmp_path / "config"
    (tmp_path / "auditor" / "_config").mkdir(parents=True)
    assert config_folder() == tmp_path / "auditor" / "_config"
