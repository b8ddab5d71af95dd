"""IAM Access Analyzer, the Account service and IAM Identity Center in the box: one or two reads each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from auditor.sandbox.evidence import Analyzer, PlantedEvidence
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

_SECOND_PAGE = "second-page"
_CONTACTS = ("BILLING", "OPERATIONS", "SECURITY")


class AccessAnalyzer:
    """ListAnalyzers; where an account has short pages, the first of each region is empty but for its token."""

    def __init__(self, options: SandboxOptions, evidence_of: Callable[[str], PlantedEvidence]) -> None:
        self._options, self._evidence_of = options, evidence_of
        self.operations: dict[str, Operation] = {"ListAnalyzers": self.list_analyzers}

    def list_analyzers(self, identity: Identity, call: Call) -> str:
        evidence, token = self._evidence_of(identity.account_id), call.params.get("nextToken", "")
        if token not in ("", _SECOND_PAGE):
            raise AwsError("ValidationException", "Invalid nextToken", reason="fieldValidationFailed")
        if evidence.short_pages and not token:
            return json.dumps({"analyzers": [], "nextToken": _SECOND_PAGE})
        wanted = call.params.get("type", "")
        here = [a for a in evidence.analyzers if a.region == call.region and wanted in ("", a.type)]
        return json.dumps({"analyzers": [self._shown(a, identity.account_id) for a in here]})

    def _shown(self, analyzer: Analyzer, account_id: str) -> dict[str, object]:
        name = analyzer.type.lower().replace("_", "-")
        arn = f"arn:{self._options.partition}:access-analyzer:{analyzer.region}:{account_id}:analyzer/{name}"
        made = f"{self._options.as_of - timedelta(days=300):%Y-%m-%dT%H:%M:%SZ}"
        shown: dict[str, object] = {"arn": arn, "name": name, "type": analyzer.type}
        shown |= {"createdAt": made, "status": analyzer.status, "tags": {}}
        if analyzer.status == "FAILED":
            shown["statusReason"] = {"code": "SERVICE_LINKED_ROLE_CREATION_FAILED"}
        if "UNUSED" in analyzer.type:
            shown["configuration"] = {"unusedAccess": {"unusedAccessAge": 90}}
        return shown


class Account:
    """The contacts of an account."""

    def __init__(self, evidence_of: Callable[[str], PlantedEvidence]) -> None:
        self._evidence_of = evidence_of
        self.operations: dict[str, Operation] = {
            "GetAlternateContact": self.get_alternate_contact,
            "GetContactInformation": self.get_contact_information,
        }

    def get_alternate_contact(self, identity: Identity, call: Call) -> str:
        kind = call.params.get("AlternateContactType")
        if kind not in _CONTACTS:
            raise AwsError("ValidationException", "AlternateContactType is not one of its values")
        if kind != "SECURITY" or not self._evidence_of(identity.account_id).has_security_contact:
            message = f"No contact of the inputted alternate contact type {kind} found."
            raise AwsError("ResourceNotFoundException", message, 404)
        contact = {
            "AlternateContactType": kind,
            "EmailAddress": "security@example.com",
            "Name": "Security Team, Example",
            "PhoneNumber": "+44 20 7946 0000",
            "Title": "=Security",
        }
        return json.dumps({"AlternateContact": contact})

    def get_contact_information(self, identity: Identity, _call: Call) -> str:
        evidence = self._evidence_of(identity.account_id)
        contact = {
            "FullName": f"Owner {evidence.rank}",
            "AddressLine1": "1 Example Street",
            "City": "Zürich",
            "CountryCode": "CH",
            "PostalCode": "8000",
            "PhoneNumber": "+41 44 000 00 00",
        }
        return json.dumps({"ContactInformation": contact}, ensure_ascii=False)


class IdentityCenter:
    """The instances of IAM Identity Center; only the management account's home region has one."""

    def __init__(self, options: SandboxOptions, management_id: str, readers: frozenset[str]) -> None:
        self._options, self._management_id, self._readers = options, management_id, readers
        self.operations: dict[str, Operation] = {"ListInstances": self.list_instances}

    def list_instances(self, identity: Identity, call: Call) -> str:
        home = self._options.all_regions[0]
        if not self._options.identity_center or call.region != home or identity.account_id not in self._readers:
            return json.dumps({"Instances": []})
        instance = {
            "InstanceArn": f"arn:{self._options.partition}:sso:::instance/ssoins-0123456789abcdef",
            "IdentityStoreId": "d-0123456789",
            "OwnerAccountId": self._management_id,
            "Name": "workforce",
            "CreatedDate": (self._options.as_of - timedelta(days=900)).timestamp(),
            "Status": "ACTIVE",
        }
        return json.dumps({"Instances": [instance]})
