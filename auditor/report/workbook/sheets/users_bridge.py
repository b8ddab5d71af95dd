"""From the users of the credential reports to those that AWS counts, in steps that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from auditor.model import Outcome
from auditor.report.workbook import style
from auditor.report.workbook.book import Formula
from auditor.report.workbook.sheets.totals import Names, Totals, tie

_USERS, _COUNTED = "users", "users_counted_by_aws"


@dataclass(frozen=True)
class _Step:
    """The users of one column, in the accounts for which all ``conditions`` hold; these are ``accounts``."""

    words: str
    sign: str
    column: str
    conditions: Sequence[str]
    accounts: pd.Series

    def figures(self, names: Names, values: pd.Series) -> tuple[Formula, Formula]:
        """Users, signed, and accounts."""
        terms, column = ",".join(f"--({condition})" for condition in self.conditions), names[self.column]
        users = int(values[self.accounts].sum())
        return (
            Formula(f"{self.sign}SUMPRODUCT({terms},{column})", -users if self.sign else users),
            Formula(f'SUMPRODUCT({terms},--({column}<>""))', int(self.accounts.sum())),
        )


def write_users_bridge(totals: Totals, names: Names, accounts: pd.DataFrame) -> None:
    """Rows of users and accounts; ``names`` are those of the columns of ``accounts``."""
    users, counted = accounts[_USERS], accounts[_COUNTED]
    totals.section("Users: from the reports to AWS's own count", "users", "accounts")
    begun = totals.add("users in the credential reports, root not counted", *_column(names, _USERS, users))
    steps = [totals.add(step.words, *step.figures(names, accounts[step.column])) for step in _steps(names, accounts)]
    differences = (counted - users).dropna()
    steps.append(
        totals.add(
            "plus users made, less users deleted, since the report",
            Formula(f"-SUM({names['difference']})", int(differences.sum())),
            Formula(f"COUNT({names['difference']})", len(differences)),
        )
    )
    reached = totals.add("users by AWS's own count, where it was collected", *_column(names, _COUNTED, counted))
    totals.add("users in the reports and these steps = AWS's own count", tie(f"{begun}+{'+'.join(steps)}={reached}"))
    differing = Formula(
        f'COUNTIFS({names["difference"]},"<>0",{names["difference"]},"<>")', int(differences.ne(0).sum())
    )
    totals.add("accounts whose report and count differ", differing)


def _column(names: Names, source: str, values: pd.Series) -> tuple[Formula, Formula]:
    """Its sum, and how many accounts have a value."""
    return Formula(f"SUM({names[source]})", int(values.sum())), Formula(f"COUNT({names[source]})", int(values.count()))


def _steps(names: Names, accounts: pd.DataFrame) -> Sequence[_Step]:
    users, counted = accounts[_USERS].notna(), accounts[_COUNTED].notna()
    missed = accounts["outcome"].astype("str") == Outcome.NOT_ASSESSED.value
    outcome, not_assessed = names["outcome"], style.marked(Outcome.NOT_ASSESSED.value)
    no_report, no_count = f'{names[_USERS]}=""', f'{names[_COUNTED]}=""'
    return (
        _Step("less users in accounts without an account summary", "-", _USERS, (no_count,), users & ~counted),
        _Step(
            "plus users that AWS counts in accounts not assessed",
            "",
            _COUNTED,
            (no_report, f'{outcome}="{not_assessed}"'),
            ~users & counted & missed,
        ),
        _Step(
            "plus users that AWS counts in others without a report",
            "",
            _COUNTED,
            (no_report, f'{outcome}<>"{not_assessed}"'),
            ~users & counted & ~missed,
        ),
    )
