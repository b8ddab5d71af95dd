"""A collector for each kind of evidence: by its declaration, but for the few that take a course of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from auditor.aws.collectors.account_tags import AccountTagsCollector
from auditor.aws.collectors.credential_report import CredentialReportCollector
from auditor.aws.collectors.declared import DeclaredCollector
from auditor.aws.collectors.ou_tree import OuTreeCollector
from auditor.aws.collectors.regions import EnabledRegions
from auditor.aws.organization import AwsDirectory
from auditor.aws.session import Clients
from auditor.kinds.declaration import Kind
from auditor.model import ACCOUNT_TAGS, CREDENTIAL_REPORT, OU_TREE

AwsCollector = DeclaredCollector | CredentialReportCollector | AccountTagsCollector | OuTreeCollector


@dataclass(frozen=True)
class CollectorParts:
    """What collectors of one run share; ``report_timeout`` in seconds, ``directory`` for those of the organization."""

    clients: Clients
    regions: EnabledRegions = field(default_factory=EnabledRegions)
    report_timeout: float = math.inf
    directory: AwsDirectory | None = None


_OWN_COURSE: Mapping[str, Callable[[CollectorParts], AwsCollector]] = {
    CREDENTIAL_REPORT: lambda parts: CredentialReportCollector(parts.clients, parts.report_timeout),
    ACCOUNT_TAGS: lambda parts: AccountTagsCollector(parts.clients, _directory(parts)),
    OU_TREE: lambda parts: OuTreeCollector(_directory(parts)),
}


def make_collector(kind: Kind, parts: CollectorParts) -> AwsCollector:
    if kind.name in _OWN_COURSE:
        return _OWN_COURSE[kind.name](parts)
    return DeclaredCollector(kind, parts.clients, parts.regions)


def _directory(parts: CollectorParts) -> AwsDirectory:
    if parts.directory is None:
        raise ValueError("a collector of the organization needs the directory")
    return parts.directory
