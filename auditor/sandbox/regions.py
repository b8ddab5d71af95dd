"""The regions of an account, which evidence by region begins with."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.operations import Operation, Request
from auditor.sandbox.options import SandboxOptions


def _describe_regions(request: Request) -> dict[str, Any]:
    options, on = request.options, request.evidence.regions
    wanted = options.all_regions if request.parameters.get("AllRegions") else on
    return {"Regions": [_region(options, name, name in on) for name in wanted]}


def _region(options: SandboxOptions, name: str, is_on: bool) -> dict[str, str]:
    status = ("opted-in" if is_on else "not-opted-in") if name == options.opt_in_region else "opt-in-not-required"
    suffix = "amazonaws.com.cn" if options.partition == "aws-cn" else "amazonaws.com"
    return {"RegionName": name, "Endpoint": f"ec2.{name}.{suffix}", "OptInStatus": status}


DESCRIBE_REGIONS = Operation("ec2:DescribeRegions", _describe_regions, is_regional=True)
