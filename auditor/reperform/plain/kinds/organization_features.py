"""Whether root access of member accounts is managed centrally."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts

_FEATURES = "iam:ListOrganizationsFeatures"


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    features = sorted(document.response(_FEATURES).get("EnabledFeatures", []))
    line, error = document.line(_FEATURES), document.error(_FEATURES)
    return {"organization": [{"line": line, "features": ", ".join(features), "features_error": error}]}
