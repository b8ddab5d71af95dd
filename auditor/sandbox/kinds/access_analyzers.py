"""Analyzers of IAM Access Analyzer: good ones, broken ones, missing ones, and those of the whole organization."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.regions import DESCRIBE_REGIONS
from auditor.sandbox.wire import AwsError

_SECOND_PAGE = "second-page"


@dataclass(frozen=True, slots=True)
class Analyzer:
    """An analyzer of IAM Access Analyzer."""

    region: str
    type: str
    status: str = "ACTIVE"


# (regions without an analyzer counted from 0, what stands there instead); "all" is every region.
_MISSING, _COVERED = "region-0", "region-1"
_WAYS: tuple[tuple[str, Analyzer | None], ...] = (
    ("nowhere", None),
    (_MISSING, None),
    (_COVERED, None),
    (_MISSING, Analyzer("", "ACCOUNT_UNUSED_ACCESS")),
    (_MISSING, Analyzer("", "ACCOUNT", "DISABLED")),
    (_MISSING, Analyzer("", "ACCOUNT", "FAILED")),
    (_COVERED, Analyzer("", "ACCOUNT", "CREATING")),
    ("all", None),
)


def planted_analyzers(evidence: PlantedEvidence) -> tuple[Analyzer, ...]:
    """The account's analyzers in its regions."""
    regions = evidence.regions
    good = tuple(Analyzer(region, "ACCOUNT") for region in regions)
    if evidence.rank == 0:
        return good + _analyzers_of_organization(regions)
    where, instead = pick(_WAYS, evidence.rank, 7)
    if where == "nowhere":
        return ()
    gone = {_MISSING: regions[0], _COVERED: _covered_region(regions)}.get(where, "")
    kept = tuple(analyzer for analyzer in good if analyzer.region != gone)
    return (*kept, replace(instead, region=gone)) if instead and gone else kept


def _covered_region(regions: tuple[str, ...]) -> str:
    """Where the management account has an ACTIVE analyzer for the whole organization; empty with one region."""
    return regions[1] if len(regions) > 1 else ""


def _analyzers_of_organization(regions: tuple[str, ...]) -> tuple[Analyzer, ...]:
    """One that covers everybody in its region, and two that cover nobody in theirs."""
    covered = _covered_region(regions)
    working = (Analyzer(covered, "ORGANIZATION"),) if covered else ()
    failed = Analyzer(regions[0], "ORGANIZATION", "FAILED")
    return (*working, failed, Analyzer(regions[0], "ORGANIZATION_UNUSED_ACCESS"))


def _list_analyzers(request: Request) -> dict[str, Any]:
    """Where an account has short pages, the first of each region is empty but for its token."""
    evidence, token = request.evidence, request.parameters.get("nextToken", "")
    if token not in ("", _SECOND_PAGE):
        raise AwsError("ValidationException", "Invalid nextToken", reason="fieldValidationFailed")
    if evidence.short_pages and not token:
        return {"analyzers": [], "nextToken": _SECOND_PAGE}
    wanted = request.parameters.get("type", "")
    here = [a for a in evidence.of(planted_analyzers) if a.region == request.call.region and wanted in ("", a.type)]
    return {"analyzers": [_members(evidence, analyzer) for analyzer in here]}


def _members(evidence: PlantedEvidence, analyzer: Analyzer) -> dict[str, Any]:
    name = analyzer.type.lower().replace("_", "-")
    arn = f"arn:{evidence.options.partition}:access-analyzer:{analyzer.region}:{evidence.account_id}:analyzer/{name}"
    members: dict[str, Any] = {"arn": arn, "name": name, "type": analyzer.type, "status": analyzer.status}
    members |= {"createdAt": evidence.as_of - timedelta(days=300), "tags": {}}
    if analyzer.status == "FAILED":
        members["statusReason"] = {"code": "SERVICE_LINKED_ROLE_CREATION_FAILED"}
    if "UNUSED" in analyzer.type:
        members["configuration"] = {"unusedAccess": {"unusedAccessAge": 90}}
    return members


LIST_ANALYZERS = Operation("access-analyzer:ListAnalyzers", _list_analyzers, "accessanalyzer", is_regional=True)
KIND = BoxedKind("access-analyzers", (DESCRIBE_REGIONS, LIST_ANALYZERS))
