"""The tree of organizational units."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    units = [unit for name in ("Roots", "OrganizationalUnits") for _line, unit in document.items(name)]
    return {"organization": [{"line": 1, "ou_tree": ", ".join(f"{unit['Name']} ({unit['Id']})" for unit in units)}]}
