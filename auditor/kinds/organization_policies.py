"""The service and resource control policies of the organization, their content and where they apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.kinds.declaration import Call, Column, EachItem, Kind, Owner, Probe, Row, RowsByUnit, Table, shortened
from auditor.model import ORGANIZATION_POLICIES, Unit
from auditor.store.evidence import Document

_LIST, _POLICIES = "organizations:ListPolicies", "Policies"
_SERVICE, _RESOURCE = {"Filter": "SERVICE_CONTROL_POLICY"}, {"Filter": "RESOURCE_CONTROL_POLICY"}
_PROBE = Probe(_SERVICE | {"MaxResults": 1})
_GONE = ("PolicyNotFoundException",)  # deleted since it was listed
_EACH = EachItem(_POLICIES, "Id", "PolicyId")
_OF_ALL_ORGANIZATIONS = {"PolicyId": "p-FullAWSAccess"}
_CONTENT = Call(
    "organizations:DescribePolicy",
    answers=_GONE,
    for_each=_EACH,
    probe=Probe(_OF_ALL_ORGANIZATIONS, _GONE),
)
_TARGETS = Call(
    "organizations:ListTargetsForPolicy",
    items="Targets",
    answers=_GONE,
    for_each=_EACH,
    probe=Probe(_OF_ALL_ORGANIZATIONS | {"MaxResults": 1}, _GONE),
)

# The tables layer adds the accounts that each target holds.
TARGET_COLUMNS = (
    Column("policy_id", "str", "Id of the policy, like p-FullAWSAccess.", in_controls=False),
    Column("policy_type", "str", "SCP or RCP.", in_controls=False),
    Column("target_id", "str", "Roots, OUs and accounts it is attached to, joined by '; '.", in_controls=False),
    Column("targets", "str", "The same with their names; nothing, or not known.", in_controls=False),
)


def _rows(_: str, document: Document) -> Iterator[Row]:
    targets: dict[str, list[str]] = {}
    for answer in document.answers:
        for _line, target in answer.items(_TARGETS.items):
            text = f"{target.get('Name', '')} ({target.get('TargetId', '')})"
            targets.setdefault(str(answer.parameters.get("PolicyId")), []).append(text)
    gone = {str(answer.parameters.get("PolicyId")) for answer in document.answers if answer.error in _GONE}
    unknown = {str(answer.parameters.get("PolicyId")) for answer in document.answers if answer.error}
    listed = {str(p.get("Id", "")): p for _line, p in document.items(_POLICIES)}  # one may be on two pages
    policies = {policy_id: policy for policy_id, policy in listed.items() if policy_id not in gone}
    texts = []
    for policy_id, policy in policies.items():
        nothing = "not known" if policy_id in unknown else "attached to nothing"
        attached = ", ".join(dict.fromkeys(targets.get(policy_id, ()))) or nothing
        texts.append(f"{_short_type(policy)} {policy.get('Name', '')}: {attached}")
    counts = Counter(map(_short_type, policies.values()))
    yield {
        "line": 1,
        "policies": shortened("; ".join([f"{counts['SCP']} SCPs, {counts['RCP']} RCPs", *texts])),
    }


def _target_rows(document: Document) -> Iterator[Row]:
    """A row for each target of a policy; one without a target where there is none, or where that is not known."""
    targets: dict[str, dict[str, tuple[str, int]]] = {}
    unknown = {str(answer.parameters.get("PolicyId")) for answer in document.answers if answer.error}
    gone = {str(answer.parameters.get("PolicyId")) for answer in document.answers if answer.error in _GONE}
    for answer in document.answers:
        for line, target in answer.items(_TARGETS.items):
            found = targets.setdefault(str(answer.parameters.get("PolicyId")), {})
            found.setdefault(str(target.get("TargetId", "")), (str(target.get("Name", "")), line))
    listed = {str(policy.get("Id", "")): (line, policy) for line, policy in document.items(_POLICIES)}
    for policy_id, (line, policy) in listed.items():
        if policy_id in gone:
            continue
        which = {"name": str(policy.get("Name", "")), "arn": str(policy.get("Arn", "")), "policy_id": policy_id}
        which |= {"policy_type": _short_type(policy)}
        for target_id, (name, place) in targets.get(policy_id, {}).items():
            yield which | {"line": place, "target_id": target_id, "targets": f"{name} ({target_id})"}
        if policy_id not in targets or policy_id in unknown:
            nothing = "not known" if policy_id in unknown else "nothing"
            yield which | {"line": line, "target_id": "", "targets": nothing}


def _rows_by_unit(owner_id: str, document: Document) -> RowsByUnit:
    return {Unit.ORGANIZATION: _rows(owner_id, document), Unit.POLICY: _target_rows(document)}


def _short_type(policy: Mapping[str, Any]) -> str:
    return "RCP" if policy.get("Type") == _RESOURCE["Filter"] else "SCP"


KIND = Kind(
    name=ORGANIZATION_POLICIES,
    owner=Owner.ORGANIZATION,
    about="The service and resource control policies of the organization, and where each applies.",
    calls=(
        Call(_LIST, parameters=_SERVICE, items=_POLICIES, probe=_PROBE),
        Call(_LIST, parameters=_RESOURCE, items=_POLICIES, probe=_PROBE),
        _CONTENT,
        _TARGETS,
    ),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (Column("policies", "str", "How many policies there are, and what each is attached to."),),
        ),
        Table(
            Unit.POLICY,
            TARGET_COLUMNS,
            name="control_policies",
            about="Which service and resource control policies reach which account, or no account at all.",
        ),
    ),
    rows=_rows_by_unit,
)
