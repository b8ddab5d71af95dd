"""The examples of a control: evidence of one unit, and the verdict that every engine must give on it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from auditor.catalog.entry import AS_OF, Entry, Parameter, Text
from auditor.catalog.sql.entries import spelt
from auditor.model import AUTHORIZATION_DETAILS, CREDENTIAL_REPORT, RESOURCE_POLICY, ROOT_USER, Status, Unit
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from auditor.times import iso

ACCOUNT_ID = "012345678901"
"""The account that they are about."""
_AGO = re.compile(r"(in )?(\d{1,5}) days?(?: and (\d\d):(\d\d):(\d\d))?( ago)?")
_KEY = "access_key_1"
_PLACES = ("login_places", "mfa_places", "summary_places", "device_places", "report_made", "summary_made")
_REGIONS = ("unanswered", "organization_regions", "organization_places", "organization_unknown", "organization_unseen")
_USUAL: Mapping[Unit, Mapping[str, Any]] = {
    Unit.CREDENTIAL: {"is_root": False, "credential": _KEY, "report_places": ""},
    Unit.USER: {"is_root": False, "further_places": "", "further_active_keys": 0},
    Unit.ROOT: {
        "user": ROOT_USER,
        "arn": f"arn:aws:iam::{ACCOUNT_ID}:root",
        "is_root": True,
        "source": CREDENTIAL_REPORT,
        **dict.fromkeys(_PLACES, ""),
    },
    Unit.ACCOUNT: dict.fromkeys(_REGIONS, ""),
    Unit.ORGANIZATION: {"management_id": "999988887777", "features_error": "", "problem": ""},
}


class Example(Entry):
    """One ``row`` of the control's units, of which only the columns that matter are given, and its ``verdict``.

    Columns that are not named are unknown. A time is given as such or, from the as-of time, as ``45 days ago``,
    ``44 days and 23:59:59 ago`` or ``in 3 days``. Where a control judges policies, ``policy`` is a document in place of
    a row; a text is taken as AWS's own. ``about`` says what the example is for.
    """

    row: dict[str, datetime | bool | int | str | None] = Field(default_factory=dict)
    policy: dict[str, Any] | str | None = None
    verdict: Status
    about: Text
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    as_of: datetime = AS_OF

    @model_validator(mode="after")
    def _row_or_policy(self) -> Self:
        if ("row" in self.model_fields_set) != (self.policy is None):
            raise ValueError("an example has a row, or a policy in place of one")
        return self

    @field_validator("policy")
    @classmethod
    def _is_json(cls, policy: Any) -> Any:
        try:
            json.dumps(policy)
        except TypeError as error:
            raise ValueError(f"{error}: put it in quotes") from error
        return policy


def usual_values(unit: Unit, credentials: Sequence[str]) -> Mapping[str, Any]:
    """What holds of an example unless it says otherwise: a key (one of the control's ``credentials``) of a user who has
    none beyond the report; a root user of whom the report tells; an account in which every region answered."""
    usual = {"account_id": ACCOUNT_ID, **_USUAL.get(unit, {})}
    return usual | {"credential": credentials[0]} if credentials and _KEY not in credentials else usual


def policy_evidence(example: Example, unit: Unit, kind: str) -> bytes:
    """The evidence file of a kind in which AWS answers with the example's policy. ValueError for a control that judges
    no policies."""
    made = _ANSWERS.get((unit, kind))
    if made is None:
        raise ValueError("this control judges no policies: its examples have rows")
    operation, response = made
    return evidence.write(Document(kind, (Answer(operation, response(example.policy)),)))


def _iam(member: str, name: str, **further: Any) -> dict[str, Any]:
    """A page of authorization details with one item."""
    item = {f"{name}Name": "example", "Arn": f"arn:aws:iam::{ACCOUNT_ID}:{name.lower()}/example"}
    return {member: [item | further], "IsTruncated": False}


def _managed(policy: Any) -> dict[str, Any]:
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": policy}
    return _iam("Policies", "Policy", DefaultVersionId="v1", AttachmentCount=1, PolicyVersionList=[version])


def _inline(policy: Any) -> dict[str, Any]:
    return _iam("UserDetailList", "User", UserPolicyList=[{"PolicyName": "example", "PolicyDocument": policy}])


def _trust(policy: Any) -> dict[str, Any]:
    return _iam("RoleDetailList", "Role", AssumeRolePolicyDocument=policy)


def _of_organization(policy: Any) -> dict[str, Any]:
    return {"ResourcePolicy": {"Content": policy if isinstance(policy, str) else json.dumps(policy)}}


_DETAILS = "iam:GetAccountAuthorizationDetails"
_ANSWERS = {
    (Unit.POLICY, AUTHORIZATION_DETAILS): (_DETAILS, _managed),
    (Unit.IDENTITY, AUTHORIZATION_DETAILS): (_DETAILS, _inline),
    (Unit.RESOURCE, AUTHORIZATION_DETAILS): (_DETAILS, _trust),
    (Unit.ORGANIZATION, RESOURCE_POLICY): ("organizations:DescribeResourcePolicy", _of_organization),
}


def in_words(example: Example) -> str:
    """``PASS: exactly the limit passes (policy_exists true, minimum_length 14)``"""
    cells = ", ".join(f"{name} {_cell(value)}" for name, value in example.row.items())
    if example.policy is not None:
        cells = example.policy if isinstance(example.policy, str) else json.dumps(example.policy)
    given = ", ".join(f"{name} {spelt(value)}" for name, value in example.parameters.items())
    return f"{example.verdict}: {example.about} ({cells}{'; with ' if given else ''}{given})"


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, datetime):
        return iso(value if value.tzinfo else value.replace(tzinfo=UTC))
    return "empty" if value == "" else spelt(value)


def moment_of(value: Any, as_of: datetime) -> datetime:
    """A time of an example. ValueError for what is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    found = _AGO.fullmatch(str(value))
    if not found or bool(found[1]) == bool(found[6]):
        moment = datetime.fromisoformat(str(value))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    hours, minutes, seconds = (int(part or 0) for part in found.group(3, 4, 5))
    distance = timedelta(days=int(found[2]), hours=hours, minutes=minutes, seconds=seconds)
    return as_of + distance if found[1] else as_of - distance
