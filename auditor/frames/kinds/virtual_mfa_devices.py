"""Virtual MFA devices: one row an account that tells whether root has one."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, line_of, table
from auditor.model import VIRTUAL_MFA_DEVICES, Unit

_CALL = "iam:ListVirtualMFADevices"
_COLUMNS = {"root_virtual_mfa": "str"}  # serial number of root's virtual device, empty for none


def _rows(_: str, document: Document) -> Iterator[Row]:
    found = [(line, d) for line, d in document.items("VirtualMFADevices") if _is_roots(d.get("User", {}).get("Arn"))]
    line, device = found[0] if found else (line_of(document, _CALL), {})
    yield {"line": line, "root_virtual_mfa": device.get("SerialNumber", "")}


def _is_roots(arn: str | None) -> bool:
    return bool(arn) and str(arn).endswith(":root")


TABLES = (table(Unit.ACCOUNT, VIRTUAL_MFA_DEVICES, _COLUMNS, _rows),)
