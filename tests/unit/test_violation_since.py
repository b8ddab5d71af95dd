"""Since when a failure has been one: the first instant at which it failed, where the evidence dates it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from auditor.model import ACCOUNT_SUMMARY, SERVER_CERTIFICATES
from tests.checking import findings
from tests.documents import certificates, summary
from tests.support import ACCOUNT, AS_OF, Row, ago, frames_of, key, only, password, report, root, user, verdicts_of

KEYS, UNUSED, ONE_KEY = "access-key-1-rotated-45d", "credentials-unused-45d", "single-active-access-key"
NEVER = "no_information"


def since(control: str, row: Row, as_of: datetime = AS_OF) -> datetime | None:
    """Of the one failure of ``row``."""
    found = verdicts_of(frames_of({ACCOUNT: report([row])}, as_of=as_of), only(control), as_of).findings
    (moment,) = found.loc[found["status"] == "FAIL", "in_violation_since"]
    return None if pd.isna(moment) else moment.to_pydatetime()


def days(number: float) -> datetime:
    """So many days before AS_OF."""
    return AS_OF - timedelta(days=number)


@pytest.mark.parametrize("age", [46, 47, 645])
def test_a_key_is_in_violation_from_the_day_after_its_limit(age: int) -> None:
    """645 days against 45: the 600th day of violation is under way, as day 46 was the first."""
    began = since(KEYS, user("ann", **key(1, rotated=ago(age), used=ago(1))))
    assert began == days(age - 46)
    assert (AS_OF - began) // timedelta(days=1) + 1 == age - 45


@pytest.mark.parametrize(
    ("cells", "began"),
    [
        (key(1, rotated=ago(300), used=ago(45)), days(0)),
        (key(1, rotated=ago(300), used=ago(100)), days(55)),
        (key(1, rotated=ago(300), used="N/A"), days(255)),
        (password(used=ago(100), changed=ago(300)), days(55)),
        (password(used=NEVER, changed=ago(300)), days(255)),
    ],
    ids=["at the limit", "key used", "key never used", "password used", "password never used"],
)
def test_what_is_unused_is_in_violation_from_its_limit_on(cells: Row, began: datetime) -> None:
    assert since(UNUSED, user("ann", **cells)) == began


def test_a_password_that_was_never_set_counts_from_the_making_of_its_user() -> None:
    row = user("ann", **password(used=NEVER, changed="N/A"), user_creation_time=ago(80))
    assert since(UNUSED, row) == days(35)


def test_parts_of_a_day_count() -> None:
    row = user("ann", **key(1, rotated=ago(46, seconds=3_661), used=ago(1)))
    assert since(KEYS, row) == AS_OF - timedelta(seconds=3_661)


def test_a_second_key_is_one_too_many_since_it_was_made() -> None:
    row = user("ann", **key(1, rotated=ago(300), used=ago(1)), **key(2, rotated=ago(20), used=ago(1)))
    assert since(ONE_KEY, row) == days(20)


def test_without_a_date_of_each_key_nothing_is_guessed() -> None:
    row = user("ann", **key(1, rotated=ago(300), used=ago(1)), **key(2, rotated="N/A", used=ago(1)))
    assert since(ONE_KEY, row) is None


def test_mfa_that_is_missing_has_no_date() -> None:
    """The password may be older than its last change, and MFA may have been there until yesterday."""
    row = user("ann", **password(used=ago(1), changed=ago(300)), mfa_active="false")
    assert since("console-user-mfa", row) is None


def test_roots_key_since_the_oldest_one_was_made() -> None:
    row = root(**key(1, rotated=ago(300), used=ago(1)), **key(2, rotated=ago(20), active="false"))
    assert since("root-no-access-key", row) == days(300)


def test_a_key_of_root_that_only_the_summary_counts_has_no_date() -> None:
    dated = root(**key(1, rotated=ago(300), active="false"))
    cases = ((dated, summary(keys=1), days(300)), (dated, summary(keys=2), None), (root(), summary(keys=1), None))
    for row, counted, began in cases:
        (found,) = findings("root-no-access-key", {ACCOUNT_SUMMARY: counted}, row=row)["in_violation_since"]
        assert (None if pd.isna(found) else found.to_pydatetime()) == began


def test_a_certificate_is_in_violation_since_it_expired() -> None:
    found = findings("expired-server-certs-removed", {SERVER_CERTIFICATES: certificates(old=ago(9), new=ago(-1))})
    assert found["status"].to_list() == ["FAIL", "PASS"]
    assert found["in_violation_since"][0] == days(9)
    assert pd.isna(found["in_violation_since"][1])


def test_only_failures_have_it() -> None:
    rows = [user("old", **key(1, rotated=ago(46))), user("new", **key(1, rotated=ago(45))), user("none")]
    found = verdicts_of(frames_of({ACCOUNT: report([root(), *rows])}), only(KEYS)).findings
    told = dict(zip(found["resource_name"], found["in_violation_since"].notna(), strict=True))
    assert told == {"old": True, "new": False}


def test_a_limit_beyond_every_calendar_is_no_error() -> None:
    rows = [user("old", **key(1, rotated=ago(46)))]
    control = only(KEYS, parameters={"max_age_days": 10**12})
    found = verdicts_of(frames_of({ACCOUNT: report([root(), *rows])}), control).findings
    assert found["status"].to_list() == ["PASS"]
