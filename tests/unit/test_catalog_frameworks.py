"""Crosswalks: the frameworks that controls map to are those of the facts, and a framework is one file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auditor.catalog import load_catalog
from auditor.errors import CatalogError
from tests.support import catalog, frames_of, only, report, root, user, verdicts_of

CATALOG = load_catalog()
FACTS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parents[1] / "data" / "frameworks.json").read_text(encoding="utf-8")
)
# What the facts call a framework, and the id of its crosswalk.
IDS = {"nist_csf_1_1": "nist_csf", "soc2_tsc": "soc2", "fedramp_moderate_r4": "fedramp_moderate"}
# The siblings of a control at another limit or meaning share its mapping.
SIBLINGS = {
    "credentials-unused-90d": "credentials-unused-45d",
    "root-mfa-always": "root-mfa",
    "root-hardware-mfa-always": "root-hardware-mfa",
}


def test_the_frameworks_are_the_ones_asked_for() -> None:
    assert set(CATALOG.crosswalks) == {
        *("nist_800_53_r5", "nist_csf", "pci_dss_4_0", "iso_27001_2022", "soc2", "hipaa", "fedramp_moderate"),
        *("cis_controls_v8", "gdpr", "iso_27001_2013", "pci_dss_3_2_1"),
    }


def test_every_control_maps_to_what_the_facts_say() -> None:
    named = {IDS.get(name, name) for items in FACTS.values() for name in items}
    assert named == set(CATALOG.crosswalks)
    for control_id in CATALOG.controls:
        facts = FACTS.get(SIBLINGS.get(control_id, control_id), {})
        direct = {c.id: list(c.mapping[control_id]) for c in CATALOG.crosswalks.values() if control_id in c.mapping}
        assert direct == {IDS.get(name, name): items for name, items in facts.items()}, control_id


def test_a_related_control_shares_the_mapping() -> None:
    assert CATALOG.frameworks_of("access-key-1-rotated-45d") == CATALOG.frameworks_of("access-key-rotated-90d")
    assert CATALOG.frameworks_of("access-key-2-unused-30d") == CATALOG.frameworks_of("credentials-unused-45d")
    assert CATALOG.frameworks_of("security-questions-set") == {"cis_controls_v8": ("17.2",)}
    assert CATALOG.compliance("root-mfa").frameworks == CATALOG.frameworks_of("root-mfa")


def test_an_unknown_framework_is_refused_with_the_nearest() -> None:
    message = "unknown framework 'soc' (did you mean 'soc2'?); known: cis_controls_v8, "
    with pytest.raises(CatalogError, match=re.escape(message)):
        CATALOG.framework("soc")


def test_the_frameworks_stand_in_the_controls_table() -> None:
    frames = frames_of({"000000000007": report([root(), user()])})
    selection = catalog().select(["aws-iam-rules"], requirements=["AWS_IAM_50"])
    row = verdicts_of(frames, selection).controls.iloc[0]
    assert "nist_800_53_r5: AC-2(1), AC-2(3), AC-3(15); nist_csf: PR.AC-1; " in row["frameworks"]
    assert row["frameworks"].startswith("cis_controls_v8: 5; fedramp_moderate: ")
    assert row["looser_settings"] == ""
    assert verdicts_of(frames, only("root-use-avoided")).controls.iloc[0]["frameworks"] == ""
