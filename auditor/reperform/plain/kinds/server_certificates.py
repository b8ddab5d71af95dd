"""Server certificates that are kept in IAM."""

from __future__ import annotations

from typing import Any

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.moments import of_an_answer
from auditor.reperform.plain.shape import TEXT, Facts, typed


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    found: dict[Any, Facts] = {}  # by ARN: one may be on two pages
    for line, certificate in document.items("ServerCertificateMetadataList"):
        facts = _certificate(line, certificate)
        found.setdefault(facts["arn"] or line, facts)
    return {"certificate": list(found.values())}


def _certificate(line: int, certificate: Facts) -> Facts:
    facts = {
        "line": line,
        "name": certificate.get("ServerCertificateName", ""),
        "arn": certificate.get("Arn", ""),
        "expires_at": certificate.get("Expiration"),
    }
    typed(facts, dict.fromkeys(("name", "arn", "expires_at"), TEXT))
    return facts | {"expires_at": of_an_answer(facts["expires_at"]), "expires_at_raw": facts["expires_at"]}
