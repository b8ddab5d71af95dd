"""Service-specific credentials of IAM users."""

from __future__ import annotations

from typing import Any

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.moments import of_an_answer
from auditor.reperform.plain.shape import TEXT, Facts, typed

_TEXTS = ("user_name", "credential_id", "service", "credential_status", "created_raw", "expires_at_raw")


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    found, seen = list[Facts](), set[str]()
    for line, item in document.items("ServiceSpecificCredentials"):
        facts = _facts(line, item)
        if facts["credential_id"] in seen:  # one may be on two pages
            continue
        found.append(facts)
        seen |= {facts["credential_id"]} - {""}
    return {"resource": found}


def _facts(line: int, item: dict[str, Any]) -> Facts:
    facts = {
        "line": line,
        "name": "/".join((item["UserName"], item["ServiceSpecificCredentialId"])),
        "user_name": item["UserName"],
        "credential_id": item["ServiceSpecificCredentialId"],
        "service": item.get("ServiceName"),
        "credential_status": item.get("Status"),
        "created_raw": item.get("CreateDate"),
        "expires_at_raw": item.get("ExpirationDate"),
    }
    typed(facts, dict.fromkeys(_TEXTS, TEXT))
    times = {name: of_an_answer(facts[f"{name}_raw"]) for name in ("created", "expires_at")}
    return facts | times
