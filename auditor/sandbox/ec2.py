"""EC2 in the box: which regions are on, and the instances of one region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from auditor.sandbox.evidence import Instance, PlantedEvidence
from auditor.sandbox.markup import element, moment
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

_STATE_CODES = {"pending": 0, "running": 16, "terminated": 48, "stopped": 80}


class Ec2:
    """DescribeRegions and DescribeInstances."""

    def __init__(self, options: SandboxOptions, evidence_of: Callable[[str], PlantedEvidence]) -> None:
        self._options, self._evidence_of = options, evidence_of
        self.operations: dict[str, Operation] = {
            "DescribeRegions": self.describe_regions,
            "DescribeInstances": self.describe_instances,
        }

    def describe_regions(self, identity: Identity, call: Call) -> str:
        on = self._evidence_of(identity.account_id).regions
        wanted = self._options.all_regions if call.params.get("AllRegions") == "true" else on
        return element("regionInfo", "".join(self._region(name, name in on) for name in wanted))

    def describe_instances(self, identity: Identity, call: Call) -> str:
        evidence = self._evidence_of(identity.account_id)
        states = _wanted_states(call)
        here = [i for i in evidence.instances if i.region == call.region and (not states or i.state in states)]
        start = _offset(call.params.get("NextToken", ""))
        if evidence.short_pages and start < 0:
            return element("reservationSet", "") + element("nextToken", "from-0")
        size = 1 if evidence.short_pages else int(call.params.get("MaxResults", "1000"))
        end = max(start, 0) + size
        shown = element("reservationSet", "".join(self._reservation(evidence, i) for i in here[max(start, 0) : end]))
        return shown + (element("nextToken", f"from-{end}") if end < len(here) else "")

    def _region(self, name: str, is_on: bool) -> str:
        optional = name == self._options.opt_in_region
        status = ("opted-in" if is_on else "not-opted-in") if optional else "opt-in-not-required"
        suffix = "amazonaws.com.cn" if self._options.partition == "aws-cn" else "amazonaws.com"
        told = element("regionName", name) + element("regionEndpoint", f"ec2.{name}.{suffix}")
        return element("item", told + element("optInStatus", status))

    def _reservation(self, evidence: PlantedEvidence, instance: Instance) -> str:
        own = element("ownerId", evidence.account_id) + element("groupSet", "")
        inside = element("instancesSet", element("item", self._instance(evidence, instance)))
        return element("item", element("reservationId", f"r-{instance.id[2:]}") + own + inside)

    def _instance(self, evidence: PlantedEvidence, instance: Instance) -> str:
        code = element("code", str(_STATE_CODES[instance.state])) + element("name", instance.state)
        told = element("instanceId", instance.id) + element("instanceState", code)
        told += element("instanceType", "t3.micro")
        told += element("launchTime", moment(self._options.as_of - timedelta(days=10)))
        if instance.has_profile:
            arn = f"arn:{self._options.partition}:iam::{evidence.account_id}:instance-profile/app-server"
            told += element("iamInstanceProfile", element("arn", arn) + element("id", "AIPASANDBOX00001"))
        return told


def _wanted_states(call: Call) -> set[str]:
    """The states that the one filter the box knows asks for; empty is all."""
    names = {value for name, value in call.params.items() if name.startswith("Filter.") and name.endswith(".Name")}
    if names - {"instance-state-name"}:
        raise AwsError("InvalidParameterValue", f"The filter {min(names)} is not known to the box")
    return {value for name, value in call.params.items() if name.startswith("Filter.") and ".Value." in name}


def _offset(token: str) -> int:
    """Where a page begins; -1 for the call that brings no token."""
    if not token:
        return -1
    number = token.removeprefix("from-")
    if not number.isdecimal():
        raise AwsError("InvalidParameterValue", "The token is invalid")
    return int(number)
