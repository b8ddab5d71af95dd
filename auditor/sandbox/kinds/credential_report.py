"""Credential reports that are started, waited for, fetched, and that go wrong on demand; ``reports`` writes them."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from auditor.sandbox.faults import CAPACITY_REFUSALS, CUTS, THROTTLES
from auditor.sandbox.operations import BoxedKind, Operation, Request, Served
from auditor.sandbox.wire import AwsError, CutShortError, NoAnswerError

# Reports are mostly fetched once; the last ones are kept for those who ask again.
_KEPT_REPORTS = 512


@dataclass(slots=True)
class Report:
    """Where an account's report stands; ``started`` is in seconds of the box's clock, None before that."""

    started: float | None = None
    refusals: int = 0
    has_expired: bool = False
    is_expired: bool = False

    def strikes(self, times: int) -> bool:
        """Whether a fault that stops after so many times still goes on."""
        self.refusals += 1
        return self.refusals <= times


class Reports:
    """The reports of all accounts while the box is served."""

    def __init__(self, served: Served) -> None:
        self._options, self._faults = served.box.options, served.box.faults
        self.by_account: defaultdict[str, Report] = defaultdict(Report)
        self.content = lru_cache(maxsize=_KEPT_REPORTS)(served.box.report)

    def is_ready(self, account_id: str) -> bool:
        started = self.by_account[account_id].started
        if started is None or self._faults.get(account_id) == "stuck":
            return False
        return time.monotonic() >= started + self._delay(account_id)

    def _delay(self, account_id: str) -> float:
        low, high = self._options.delay_bounds
        return low if low == high else Random(f"{self._options.seed}:delay:{account_id}").uniform(low, high)


def _generate_credential_report(request: Request) -> dict[str, Any]:
    reports, account_id = request.served.of(Reports), request.identity.account_id
    report = reports.by_account[account_id]
    if _fault(request, report) == "capacity" and report.strikes(CAPACITY_REFUSALS):
        raise AwsError("LimitExceeded", "No more capacity to launch new report generation tasks")
    if report.started is None:
        report.started, report.is_expired = time.monotonic(), False
        return {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}
    return {"State": "COMPLETE" if reports.is_ready(account_id) else "INPROGRESS"}


def _get_credential_report(request: Request) -> dict[str, Any]:
    reports, account_id = request.served.of(Reports), request.identity.account_id
    report = reports.by_account[account_id]
    fault = _fault(request, report)
    if fault == "expires" and report.started is not None and not report.has_expired:
        report.started, report.has_expired, report.is_expired = None, True, True
    if report.is_expired:
        raise AwsError("ReportExpired", "The credential report has expired. Generate a new one")
    if report.started is None:
        raise AwsError("ReportNotPresent", "No report exists. Generate one first")
    if not reports.is_ready(account_id):
        raise AwsError("ReportInProgress", "Report generation is still in progress")
    if fault == "service-failure":
        raise AwsError("ServiceFailure", "The request processing has failed")
    content, made = reports.content(account_id), request.options.as_of
    answer = {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": made}
    if fault == "cut-short" and report.strikes(CUTS):
        raise CutShortError(answer)
    return answer


def _fault(request: Request, report: Report) -> str:
    """The account's fault, unless it already ends the call."""
    fault = request.served.box.faults.get(request.identity.account_id, "")
    if fault == "report-denied":
        what = f"iam:{request.call.operation} on resource: *"
        why = "with an explicit deny in a service control policy"
        raise AwsError("AccessDenied", f"User: {request.identity.arn} is not authorized to perform: {what} {why}")
    if fault == "bad-signature":  # AWS quotes what should have been signed, the session token too
        quoted = f"POST / host:iam.amazonaws.com x-amz-security-token:{request.call.token} host;x-amz-security-token"
        message = f"The request signature we calculated does not match. The Canonical String is '{quoted}'"
        raise AwsError("SignatureDoesNotMatch", message)
    if fault == "hang":
        raise NoAnswerError
    if fault == "throttled" and report.strikes(THROTTLES):
        raise AwsError("Throttling", "Rate exceeded")
    return fault


KIND = BoxedKind(
    "credential-report",
    (
        Operation("iam:GenerateCredentialReport", _generate_credential_report),
        Operation("iam:GetCredentialReport", _get_credential_report),
    ),
)
