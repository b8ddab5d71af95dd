"""Collects the IAM Access Analyzers of every region of one account."""

from __future__ import annotations

from auditor.aws.collectors.regional import REGIONS, RegionalCollector
from auditor.model import ACCESS_ANALYZERS


class AccessAnalyzersCollector(RegionalCollector):
    """A call a region, and one to learn the regions where none are configured."""

    kind = ACCESS_ANALYZERS
    actions = ("access-analyzer:ListAnalyzers", REGIONS)
    service, action = "accessanalyzer", "access-analyzer:ListAnalyzers"
