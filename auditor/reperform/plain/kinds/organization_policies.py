"""The control policies of the organization, and where they apply."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    targets: dict[str, list[str]] = {}
    for call in document.calls:
        for _line, target in call.items.get("Targets", ()):
            name = f"{target.get('Name', '')} ({target.get('TargetId', '')})"
            targets.setdefault(str(call.parameters.get("PolicyId")), []).append(name)
    policies = [policy for _line, policy in document.items("Policies")]
    told = [f"{p.get('Name', '')}: {', '.join(targets.get(p.get('Id', ''), ()))}" for p in policies]
    return {"organization": [{"line": 1, "policies": "; ".join(told)}]}
