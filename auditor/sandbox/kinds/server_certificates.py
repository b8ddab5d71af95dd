"""Server certificates kept in IAM, some of which end within a second of the as-of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import iam_page

# Seconds left of each certificate of an account at the as-of time.
_SECONDS_LEFT: tuple[tuple[int, ...], ...] = ((), (90 * 86_400,), (-1,), (0,), (1,), (-400 * 86_400, 86_400))


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server certificate kept in IAM."""

    name: str
    expires: datetime


def planted_certificates(evidence: PlantedEvidence) -> tuple[Certificate, ...]:
    left = enumerate(pick(_SECONDS_LEFT, evidence.rank), 1)
    return tuple(Certificate(f"site-{n}.example.com", evidence.as_of + timedelta(seconds=s)) for n, s in left)


def _list_server_certificates(request: Request) -> dict[str, Any]:
    evidence = request.evidence
    items = [
        {
            "Path": "/",
            "ServerCertificateName": found.name,
            "ServerCertificateId": f"ASCA{evidence.account_id}{number:05d}",
            "Arn": f"{evidence.prefix}:server-certificate/{found.name}",
            "UploadDate": found.expires - timedelta(days=365),
            "Expiration": found.expires,
        }
        for number, found in enumerate(evidence.of(planted_certificates))
    ]
    return iam_page(request, "ServerCertificateMetadataList", items, evidence.short_pages)


KIND = BoxedKind("server-certificates", (Operation("iam:ListServerCertificates", _list_server_certificates),))
