"""Server certificates that are kept in IAM: a row each."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, table
from auditor.model import SERVER_CERTIFICATES, Unit

_COLUMNS = {"expires_at": "datetime64[us, UTC]"}


def _rows(_: str, document: Document) -> Iterator[Row]:
    for line, certificate in document.items("ServerCertificateMetadataList"):
        yield {
            "name": certificate.get("ServerCertificateName", ""),
            "arn": certificate.get("Arn", ""),
            "line": line,
            "expires_at": certificate.get("Expiration"),
        }


TABLES = (table(Unit.CERTIFICATE, SERVER_CERTIFICATES, _COLUMNS, _rows),)
