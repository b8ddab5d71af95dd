"""Root's credentials as a session of root shows them: what decides, what stays open, and whom they stand in for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.collectors.declared import DeclaredCollector
from auditor.aws.collectors.regions import EnabledRegions
from auditor.errors import EvidenceError, WrongAccountError
from auditor.kinds.root_credentials import KIND
from auditor.model import CREDENTIAL_REPORT, ROOT_CREDENTIALS, Evidence
from auditor.store.evidence import Answer, Document
from tests.clients import Direct, answering, refused
from tests.support import ACCOUNT, OTHER, ago, frames_of, gap, report, root, user, verdicts_of

CONTROLS = ("root-no-access-key", "root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always")
VIRTUAL = f"arn:aws:iam::{OTHER}:mfa/root-account-mfa-device"
PASSKEY, TOKEN = f"arn:aws:iam::{OTHER}:u2f/root/safe-ABC", "GAHT12345678"
ONE_ACTIVE, ONE_INACTIVE = ({"Status": "Active"},), ({"Status": "Inactive"},)


def told(
    devices: tuple[str, ...] = (PASSKEY,),
    keys: tuple[Mapping[str, str], ...] = (),
    password: bool = True,
    refused: tuple[str, ...] = (),
    **counts: int,
) -> Document:
    """A session of root in which all is well but for what is said; ``refused`` operations answer AccessDenied."""
    summary = {
        "AccountAccessKeysPresent": len(keys),
        "AccountMFAEnabled": int(bool(devices)),
        "AccountPasswordPresent": int(password),
    }
    answers: dict[str, Any] = {
        "iam:GetAccountSummary": {"SummaryMap": summary | counts},
        "iam:GetLoginProfile": {"LoginProfile": {"CreateDate": ago(9)}} if password else None,
        "iam:ListAccessKeys": {"AccessKeyMetadata": list(keys)},
        "iam:ListMFADevices": {"MFADevices": [{"SerialNumber": serial} for serial in devices]},
        "iam:ListSigningCertificates": {"Certificates": []},
    }
    return Document(ROOT_CREDENTIALS, tuple(_answer(name, said, refused) for name, said in answers.items()))


def _answer(name: str, response: Any, refused: tuple[str, ...]) -> Answer:
    if name in refused:
        return Answer(name, error="AccessDenied", message="no")
    return Answer(name, response) if response else Answer(name, error="NoSuchEntity", message="none")


def statuses(document: Document, **reports: bytes) -> dict[str, str]:
    """What the root controls say of OTHER, into which no role could be assumed; ACCOUNT has a report of its own."""
    frames = frames_of(
        {ACCOUNT: report([root()])} | reports,
        documents={OTHER: {ROOT_CREDENTIALS: document}},
        gaps={OTHER: [gap(CREDENTIAL_REPORT, stage="assume")]} if OTHER not in reports else {},
    )
    findings = verdicts_of(frames).findings
    found = findings[(findings["account_id"] == OTHER) & findings["control_id"].isin([*CONTROLS, "root-use-avoided"])]
    return dict(zip(found["control_id"].astype("str"), found["status"].astype("str"), strict=True))


def failed(document: Document) -> set[str]:
    return {control for control, status in statuses(document).items() if status == "FAIL"}


@pytest.mark.parametrize("device", [PASSKEY, TOKEN])
def test_a_root_with_a_hardware_device_and_no_key_passes(device: str) -> None:
    assert statuses(told((device,))) == dict.fromkeys(CONTROLS, "PASS") | {"root-use-avoided": "NO_EVIDENCE"}


@pytest.mark.parametrize("keys", [ONE_ACTIVE, ONE_INACTIVE, ONE_INACTIVE * 2])
def test_a_key_fails_whether_or_not_it_is_active(keys: tuple[Mapping[str, str], ...]) -> None:
    assert failed(told(keys=keys)) == {"root-no-access-key"}


def test_a_virtual_device_is_no_hardware() -> None:
    assert failed(told((VIRTUAL,))) == {"root-hardware-mfa", "root-hardware-mfa-always"}
    assert failed(told((TOKEN, VIRTUAL))) == {"root-hardware-mfa", "root-hardware-mfa-always"}


def test_no_device_fails_unless_there_is_no_password_to_sign_in_with() -> None:
    assert failed(told(())) == set(CONTROLS) - {"root-no-access-key"}
    assert failed(told((), password=False)) == {"root-mfa-always", "root-hardware-mfa-always"}


def test_the_worse_of_list_and_count_decides() -> None:
    assert failed(told(AccountAccessKeysPresent=1)) == {"root-no-access-key"}
    assert "root-mfa-always" in failed(told(AccountMFAEnabled=0))
    assert "root-mfa" in failed(told((), password=False, AccountPasswordPresent=1))


@pytest.mark.parametrize(
    ("refused", "open_ones"),
    [
        (("iam:ListMFADevices",), {"root-hardware-mfa", "root-hardware-mfa-always"}),
        (("iam:ListAccessKeys",), {"root-no-access-key"}),
        (("iam:ListAccessKeys", "iam:GetAccountSummary"), {"root-no-access-key"}),
        (("iam:ListMFADevices", "iam:GetAccountSummary"), set(CONTROLS) - {"root-no-access-key"}),
        (("iam:GetLoginProfile", "iam:GetAccountSummary"), set()),
    ],
)
def test_what_was_refused_leaves_open_what_it_decides_and_nothing_else(
    refused: tuple[str, ...], open_ones: set[str]
) -> None:
    found = statuses(told(refused=refused))
    assert {control for control in CONTROLS if found[control] == "NO_EVIDENCE"} == open_ones
    assert {found[control] for control in CONTROLS if control not in open_ones} <= {"PASS"}


def test_a_credential_report_comes_first() -> None:
    weak_report = report([root(OTHER, mfa_active="false")])
    found = statuses(told(), **{OTHER: weak_report})
    assert found["root-mfa-always"] == "FAIL"
    assert len(found) == 6, "one verdict for each control"


def test_without_any_root_session_all_is_as_before() -> None:
    frames = frames_of({ACCOUNT: report([root(), user("ann")])}, gaps={OTHER: [gap(CREDENTIAL_REPORT)]})
    findings = verdicts_of(frames).findings
    of_other = findings[(findings["account_id"] == OTHER) & findings["control_id"].isin(CONTROLS)]
    assert set(of_other["status"]) == {"NO_EVIDENCE"}
    assert len(of_other) == len(CONTROLS)


def test_rows_are_in_order_of_their_accounts_and_named() -> None:
    frames = frames_of(
        {OTHER: report([root(OTHER)])},
        documents={ACCOUNT: {ROOT_CREDENTIALS: told()}},
        gaps={ACCOUNT: [gap(CREDENTIAL_REPORT)]},
    )
    findings = verdicts_of(frames).findings
    of_root = findings[findings["control_id"] == "root-mfa"]
    assert of_root["account_id"].tolist() == sorted([ACCOUNT, OTHER])
    assert set(of_root["resource_name"]) == {"<root_account>"}
    assert f"arn:aws:iam::{ACCOUNT}:root" in set(of_root["resource_arn"])


async def collected(devices: list[str], **errors: str) -> tuple[DeclaredCollector, Evidence]:
    """``errors``: the code that an operation of IAM answers."""
    listed = {"MFADevices": [{"SerialNumber": serial} for serial in devices]}
    answers = {"list_mfa_devices": lambda: listed, **{name: refused(code) for name, code in errors.items()}}
    collector = DeclaredCollector(KIND, answering(answers), EnabledRegions())
    return collector, await collector.collect(OTHER, Direct(), {})  # type: ignore[arg-type]


async def test_a_device_of_another_account_stops_the_run() -> None:
    with pytest.raises(WrongAccountError, match=VIRTUAL.replace(OTHER, ACCOUNT)):
        await collected([VIRTUAL.replace(OTHER, ACCOUNT)])
    collector, evidence = await collected([VIRTUAL, TOKEN])
    collector.check(OTHER, evidence)


async def test_a_call_that_is_refused_is_a_gap_and_no_password_is_none() -> None:
    collector, evidence = await collected([TOKEN], get_account_summary="AccessDenied")
    with pytest.raises(EvidenceError, match="GetAccountSummary"):
        collector.check(OTHER, evidence)
    collector, evidence = await collected([TOKEN], get_login_profile="NoSuchEntity")
    collector.check(OTHER, evidence)
    assert evidence.kind == ROOT_CREDENTIALS
