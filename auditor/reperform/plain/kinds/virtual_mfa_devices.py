"""Which virtual MFA device is root's."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import TEXT, Facts, typed


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    """The first device that is root's; AWS lists those that are virtual."""
    facts = {"line": document.line("iam:ListVirtualMFADevices"), "root_virtual_mfa": ""}
    for line, device in reversed(list(document.items("VirtualMFADevices"))):
        if str(device.get("User", {}).get("Arn") or "").endswith(":root"):
            facts = {"line": line, "root_virtual_mfa": device.get("SerialNumber", "")}
    return {"account": [typed(facts, {"root_virtual_mfa": TEXT})]}
