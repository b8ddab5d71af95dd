"""Collects the instances of IAM Identity Center; the home region is not known, so every region is asked."""

from __future__ import annotations

from auditor.aws.collectors.regional import REGIONS, RegionalCollector
from auditor.model import IDENTITY_CENTER


class IdentityCenterCollector(RegionalCollector):
    """A call a region, once for the organization, and one to learn the regions where none are configured."""

    kind = IDENTITY_CENTER
    actions = ("sso:ListInstances", REGIONS)
    service, action = "sso-admin", "sso:ListInstances"
