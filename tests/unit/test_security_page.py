"""SECURITY.md names tests that there are, and limits that hold."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.aws.verified import MAX_ANSWER
from auditor.kinds.credential_report import report_parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`((?:unit|integration|property)/\w+\.py)`", PAGE)
    assert len(named) >= 10
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []


def test_the_limits_that_the_security_page_names_hold() -> None:
    reports = report_parser.MAX_BYTES >> 20
    assert f"answers are limited to {MAX_ANSWER >> 20} MiB and reports to {reports} MiB" in PAGE
