"""Server certificates that are kept in IAM."""

from __future__ import annotations

from auditor.kinds.account_summary import count_of
from auditor.kinds.declaration import (
    LARGEST_PAGE,
    Call,
    Column,
    Kind,
    KnownEvidence,
    Owner,
    Probe,
    RowPerItem,
    Table,
    written,
)
from auditor.model import ACCOUNT_SUMMARY, SERVER_CERTIFICATES, Unit

_CERTIFICATES = Call(
    "iam:ListServerCertificates",
    parameters={"MaxItems": LARGEST_PAGE},
    items="ServerCertificateMetadataList",
    probe=Probe({"MaxItems": 1}),
)


def _spared(known: KnownEvidence) -> str:
    """Asked only where there are some, or nobody knows."""
    if count_of(known, "ServerCertificates") == 0:
        return "the account summary counts no server certificates"
    return ""


KIND = Kind(
    name=SERVER_CERTIFICATES,
    owner=Owner.ACCOUNT,
    about="The server certificates that are kept in IAM.",
    calls=(_CERTIFICATES,),
    after=(ACCOUNT_SUMMARY,),
    spared=_spared,
    tables=(
        Table(
            Unit.CERTIFICATE,
            (
                Column(
                    "expires_at", "datetime64[us, UTC]", "When the certificate expires.", unit="UTC", path="Expiration"
                ),
                written("expires_at", "Expiration"),
            ),
            name="certificates",
            about="Server certificates that are stored in IAM.",
            source=RowPerItem(_CERTIFICATES.action, _CERTIFICATES.items, "ServerCertificateName", "Arn"),
        ),
    ),
)
