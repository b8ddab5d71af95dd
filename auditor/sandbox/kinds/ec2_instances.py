"""EC2 instances by region, in every state, with and without a role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.regions import DESCRIBE_REGIONS
from auditor.sandbox.wire import AwsError

_STATE_CODES = {"pending": 0, "running": 16, "terminated": 48, "stopped": 80}
# (state, whether it has an instance profile) of each instance of an account.
_INSTANCES: tuple[tuple[tuple[str, bool], ...], ...] = (
    (),
    (("running", True), ("running", False), ("stopped", False), ("terminated", False)),
    (("running", True), ("stopped", True)),
    (("running", False), ("pending", False), ("running", False)),
)


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance."""

    id: str
    region: str
    state: str
    has_profile: bool


def planted_instances(evidence: PlantedEvidence) -> tuple[Instance, ...]:
    rank, regions = evidence.rank, evidence.regions
    return tuple(
        Instance(f"i-{rank:012x}{number:05x}", regions[number % len(regions)], state, has_profile)
        for number, (state, has_profile) in enumerate(pick(_INSTANCES, rank, 1))
    )


def _describe_instances(request: Request) -> dict[str, Any]:
    evidence, states, start = request.evidence, _wanted_states(request), _offset(request)
    if evidence.short_pages and start < 0:
        return {"Reservations": [], "NextToken": "from-0"}
    all_here = [i for i in evidence.of(planted_instances) if i.region == request.call.region]
    here = [instance for instance in all_here if not states or instance.state in states]
    size = 1 if evidence.short_pages else request.parameters.get("MaxResults", 1000)
    end = max(start, 0) + size
    answer = {"Reservations": [_reservation(evidence, instance) for instance in here[max(start, 0) : end]]}
    return answer | ({"NextToken": f"from-{end}"} if end < len(here) else {})


def _wanted_states(request: Request) -> set[str]:
    """The states that the one filter the box knows asks for; empty is all."""
    filters = request.parameters.get("Filters", ())
    names = {asked["Name"] for asked in filters} - {"instance-state-name"}
    if names:
        raise AwsError("InvalidParameterValue", f"The filter {min(names)} is not known to the box")
    return {state for asked in filters for state in asked["Values"]}


def _offset(request: Request) -> int:
    """Where a page begins; -1 for the call that brings no token."""
    number = request.parameters.get("NextToken", "from-").removeprefix("from-")
    if number and not number.isdecimal():
        raise AwsError("InvalidParameterValue", "The token is invalid")
    return int(number or -1)


def _reservation(evidence: PlantedEvidence, instance: Instance) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "InstanceId": instance.id,
        "State": {"Code": _STATE_CODES[instance.state], "Name": instance.state},
        "InstanceType": "t3.micro",
        "LaunchTime": evidence.as_of - timedelta(days=10),
    }
    if instance.has_profile:
        arn = f"{evidence.prefix}:instance-profile/app-server"
        shown["IamInstanceProfile"] = {"Arn": arn, "Id": "AIPASANDBOX00001"}
    own = {"ReservationId": f"r-{instance.id[2:]}", "OwnerId": evidence.account_id, "Groups": []}
    return own | {"Instances": [shown]}


DESCRIBE_INSTANCES = Operation("ec2:DescribeInstances", _describe_instances, is_regional=True)
KIND = BoxedKind("ec2-instances", (DESCRIBE_REGIONS, DESCRIBE_INSTANCES), is_optional=True)
