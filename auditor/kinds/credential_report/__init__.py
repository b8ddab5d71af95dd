"""The IAM credential report of an account: every user with password, access keys and certificates."""

from __future__ import annotations

from auditor.kinds.declaration import Call, Kind, Owner, Probe
from auditor.model import CREDENTIAL_REPORT

NOT_READY, NOT_PRESENT, EXPIRED = "ReportInProgress", "ReportNotPresent", "ReportExpired"
NO_CAPACITY = "LimitExceeded"  # AWS runs out of report generation tasks at times
GENERATE = Call("iam:GenerateCredentialReport", probe=Probe(harmless=(NO_CAPACITY,)))
GET = Call("iam:GetCredentialReport", probe=Probe(harmless=(NOT_PRESENT, NOT_READY, EXPIRED)))

# Its tables are users and credentials, which every snapshot has: ``auditor.schema`` has their columns.
KIND = Kind(
    name=CREDENTIAL_REPORT,
    owner=Owner.ACCOUNT,
    about="Every user of an account with password, MFA, access keys and certificates.",
    calls=(GENERATE, GET),
)
