"""Virtual MFA devices of an account: root's hardware MFA is what is not among them."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.account_summary import count_of
from auditor.kinds.declaration import LARGEST_PAGE, Call, Column, Kind, KnownEvidence, Owner, Probe, Row, Table
from auditor.model import ACCOUNT_SUMMARY, VIRTUAL_MFA_DEVICES, Unit
from auditor.store.answers import line_of
from auditor.store.evidence import Document

_DEVICES = Call(
    "iam:ListVirtualMFADevices",
    parameters={"AssignmentStatus": "Assigned", "MaxItems": LARGEST_PAGE},
    items="VirtualMFADevices",
    probe=Probe({"MaxItems": 1}),
)


def _spared(known: KnownEvidence) -> str:
    """Asked only where root has MFA at all, or nobody knows."""
    if count_of(known, "AccountMFAEnabled") == 0:
        return "the account summary says that root has no MFA, so none of root's devices can be virtual"
    return ""


def _rows(_: str, document: Document) -> Iterator[Row]:
    devices = [(line, d) for line, d in document.items(_DEVICES.items) if _is_roots(d.get("User", {}).get("Arn"))]
    line, device = devices[0] if devices else (line_of(document, _DEVICES.action), {})
    yield {"line": line, "root_virtual_mfa": device.get("SerialNumber", "")}


def _is_roots(arn: str | None) -> bool:
    return bool(arn) and str(arn).endswith(":root")


KIND = Kind(
    name=VIRTUAL_MFA_DEVICES,
    owner=Owner.ACCOUNT,
    about="The virtual MFA devices of an account, where root has MFA.",
    calls=(_DEVICES,),
    after=(ACCOUNT_SUMMARY,),
    spared=_spared,
    tables=(
        Table(
            Unit.ACCOUNT,
            (Column("root_virtual_mfa", "str", "Serial number of root's virtual MFA device; empty for none."),),
            name="root_mfa_devices",
            about="Whether root of each account has a virtual MFA device.",
            rows=_rows,
        ),
    ),
)
