"""How often and in which form a collection tells how far it is."""

from __future__ import annotations

import logging

import pytest

from auditor.aws.statistics import RunStatistics
from auditor.cli.progress import EventReporter, Reporter
from auditor.model import Account, AccountRecord, EvidenceGap, Outcome

GAP = EvidenceGap("credential-report", "assume", "AccessDenied", "no", "r-1")
DONE = AccountRecord(Account("000000000001"), Outcome.ASSESSED)
FAILED = AccountRecord(Account("000000000002"), Outcome.NOT_ASSESSED, "assume: AccessDenied", gaps=(GAP,))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds, as the last of the list says."""
    times = [1000.0]
    monkeypatch.setattr("auditor.cli.progress.time.monotonic", lambda: times[-1])
    return times


def half_a_minute_later(reporter: Reporter | EventReporter, clock: list[float]) -> None:
    """Two accounts of five are finished at 29.9 s, one at 30 s, one at once after it."""
    statistics = RunStatistics()
    reporter.watch(statistics)
    reporter.found(5)
    statistics.calls["iam"], statistics.throttles["iam"] = 90, 2
    clock.append(1029.9)
    reporter.finished(FAILED)
    reporter.finished(DONE)
    clock.append(1030.0)
    reporter.finished(DONE)
    reporter.finished(DONE)


def test_a_pipe_gets_a_plain_line_every_half_minute(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    half_a_minute_later(Reporter(quiet=False, verbose=False), clock)
    assert capsys.readouterr().err == "2 done, 1 failed, 2 left; 3 calls/s, 2 throttles, 0:20 to go\n"


def test_quiet_gets_none(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    half_a_minute_later(Reporter(quiet=True, verbose=False), clock)
    assert capsys.readouterr().err == ""


def test_a_log_gets_events(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "auditor"):
        half_a_minute_later(EventReporter(), clock)
    told = [(record.message, record.levelname, vars(record)["fields"]) for record in caplog.records]
    gap = {"kind": GAP.kind, "stage": "assume", "code": "AccessDenied", "message": "no", "request_id": "r-1"}
    done = ("account-finished", "INFO", {"account": DONE.account.id, "outcome": "assessed", "gaps": []})
    failed = {"account": FAILED.account.id, "outcome": "not_assessed", "gaps": [gap]}
    figures = {"done": 2, "failed": 1, "left": 2, "calls_a_second": 3, "throttles": 2, "seconds_to_go": 20}
    assert told == [
        ("account-finished", "WARNING", failed),
        done,
        done,
        ("progress", "INFO", figures),
        done,
    ]
