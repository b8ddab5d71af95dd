"""IAM in the box: credential reports that are started, waited for, fetched, and that go wrong on demand."""

from __future__ import annotations

import base64
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from auditor.sandbox.faults import CAPACITY_REFUSALS, CUTS, THROTTLES
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call, CutShortError, NoAnswerError

# Reports are mostly fetched once; the last ones are kept for those who ask again.
_KEPT_ANSWERS = 512
_STARTED = "<State>STARTED</State><Description>No report exists. Starting a new report generation task</Description>"


@dataclass(slots=True)
class Report:
    """Where an account's report stands; ``started`` is in seconds of the box's clock, None before that."""

    started: float | None = None
    refusals: int = 0
    has_expired: bool = False
    is_expired: bool = False


class Iam:
    """The credential report operations of IAM; ``report_of`` gives an account's bytes."""

    def __init__(
        self,
        options: SandboxOptions,
        faults: dict[str, str],
        report_of: Callable[[str], bytes],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options, self._faults, self._report_of, self._clock = options, faults, report_of, clock
        self._reports: defaultdict[str, Report] = defaultdict(Report)
        self._content = lru_cache(maxsize=_KEPT_ANSWERS)(self._written)
        self.operations: dict[str, Operation] = {
            "GenerateCredentialReport": self.generate_credential_report,
            "GetCredentialReport": self.get_credential_report,
        }

    def generate_credential_report(self, identity: Identity, call: Call) -> str:
        fault = self._obstacle(identity, call)
        report = self._reports[identity.account_id]
        if fault == "capacity" and self._strikes(identity, CAPACITY_REFUSALS):
            raise AwsError("LimitExceeded", "No more capacity to launch new report generation tasks", 409)
        if report.started is None:
            report.started, report.is_expired = self._clock(), False
            return _STARTED
        return f"<State>{'COMPLETE' if self._is_ready(identity.account_id) else 'INPROGRESS'}</State>"

    def get_credential_report(self, identity: Identity, call: Call) -> str:
        fault = self._obstacle(identity, call)
        report = self._reports[identity.account_id]
        if fault == "expires" and report.started is not None and not report.has_expired:
            report.started, report.has_expired, report.is_expired = None, True, True
        if report.is_expired:
            raise AwsError("ReportExpired", "The credential report has expired. Generate a new one", 410)
        if report.started is None:
            raise AwsError("ReportNotPresent", "No report exists. Generate one first", 410)
        if not self._is_ready(identity.account_id):
            raise AwsError("ReportInProgress", "Report generation is still in progress", 404)
        if fault == "service-failure":
            raise AwsError("ServiceFailure", "The request processing has failed", 500)
        if fault == "cut-short" and self._strikes(identity, CUTS):
            raise CutShortError(self._content(identity.account_id))
        return self._content(identity.account_id)

    def _obstacle(self, identity: Identity, call: Call) -> str:
        """The account's fault, unless it already ends the call."""
        fault = self._faults.get(identity.account_id, "")
        if fault == "report-denied":
            what = f"iam:{call.operation} on resource: * with an explicit deny in a service control policy"
            raise AwsError("AccessDenied", f"User: {identity.arn} is not authorized to perform: {what}", 403)
        if fault == "bad-signature":  # AWS quotes what should have been signed, the session token too
            quoted = f"POST / host:iam.amazonaws.com x-amz-security-token:{call.token} host;x-amz-security-token"
            message = f"The request signature we calculated does not match. The Canonical String is '{quoted}'"
            raise AwsError("SignatureDoesNotMatch", message, 403)
        if fault == "hang":
            raise NoAnswerError
        if fault == "throttled" and self._strikes(identity, THROTTLES):
            raise AwsError("Throttling", "Rate exceeded")
        return fault

    def _strikes(self, identity: Identity, times: int) -> bool:
        """Whether a fault that stops after so many times still goes on."""
        report = self._reports[identity.account_id]
        report.refusals += 1
        return report.refusals <= times

    def _is_ready(self, account_id: str) -> bool:
        started = self._reports[account_id].started
        if started is None or self._faults.get(account_id) == "stuck":
            return False
        return self._clock() >= started + self._delay(account_id)

    def _delay(self, account_id: str) -> float:
        low, high = self._options.delay_bounds
        return low if low == high else Random(f"{self._options.seed}:delay:{account_id}").uniform(low, high)

    def _written(self, account_id: str) -> str:
        content = base64.b64encode(self._report_of(account_id)).decode()
        generated = f"{self._options.as_of:%Y-%m-%dT%H:%M:%SZ}"
        return (
            f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>"
            f"<GeneratedTime>{generated}</GeneratedTime>"
        )
