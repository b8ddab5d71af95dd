"""What was asked for, and what was left out, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.judge.assessment import Assessment
from auditor.model import Outcome
from auditor.report.figures import by_count, counted


def scope_words(assessment: Assessment) -> str:
    """``Every account of the organization: 60 accounts, of which 4 excluded (SUSPENDED: 3; ...).``"""
    settings, accounts = assessment.settings, assessment.accounts
    what = f"only the part of {assessment.part}" if assessment.part else _asked(settings)
    excluded = accounts[accounts["outcome"] == Outcome.EXCLUDED.value]
    left_out = "; ".join(f"{reason}: {number}" for reason, number in by_count(excluded["reason"]).items())
    words = f"{what[0].upper()}{what[1:]}: {counted(len(accounts), 'account')} listed"
    return f"{words}, {len(excluded):,} excluded ({left_out})." if len(excluded) else f"{words}, none excluded."


def _asked(settings: Mapping[str, Any]) -> str:
    asked = [
        f"{words} {', '.join(settings[key])}"
        for key, words in (("ou", "the accounts below"), ("account", "the accounts"))
        if settings.get(key)
    ]
    what = " and ".join(asked) or "every account of the organization"
    if settings.get("accounts_file"):
        what = f"the accounts of the file {settings['accounts_file']}" + (f": {what}" if asked else "")
    if settings.get("exclude"):
        what += f", without {', '.join(settings['exclude'])}"
    return what
