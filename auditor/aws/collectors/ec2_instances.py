"""Collects the running EC2 instances of every region of one account; many calls, so only where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from auditor.aws.collectors.regional import REGIONS, RegionalCollector
from auditor.model import EC2_INSTANCES


class Ec2InstancesCollector(RegionalCollector):
    """As many calls as there are pages of instances in each region."""

    kind = EC2_INSTANCES
    actions = ("ec2:DescribeInstances", REGIONS)
    service, action = "ec2", "ec2:DescribeInstances"
    parameters: ClassVar[Mapping[str, Any]] = {
        "Filters": [{"Name": "instance-state-name", "Values": ["running"]}],
        "MaxResults": 1000,
    }
