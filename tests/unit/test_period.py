"""``--period``: a quarter, a month, a year or two dates, or the nearest of these in one sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from auditor.errors import ConfigurationError
from auditor.period import Period
from auditor.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("text", "first", "last", "shown"),
    [
        ("2026Q4", "2026-10-01", "2026-12-31", "2026Q4 (2026-10-01 to 2026-12-31)"),
        ("2026q1", "2026-01-01", "2026-03-31", "2026Q1 (2026-01-01 to 2026-03-31)"),
        (" 2026Q2 ", "2026-04-01", "2026-06-30", "2026Q2 (2026-04-01 to 2026-06-30)"),
        ("2026-10", "2026-10-01", "2026-10-31", "2026-10 (2026-10-01 to 2026-10-31)"),
        ("2024-02", "2024-02-01", "2024-02-29", "2024-02 (2024-02-01 to 2024-02-29)"),
        ("2026", "2026-01-01", "2026-12-31", "2026 (2026-01-01 to 2026-12-31)"),
        ("9999", "9999-01-01", "9999-12-31", "9999 (9999-01-01 to 9999-12-31)"),
        ("2026-10-01..2026-12-31", "2026-10-01", "2026-12-31", "2026-10-01 to 2026-12-31"),
        ("2026-10-07..2026-10-07", "2026-10-07", "2026-10-07", "2026-10-07 to 2026-10-07"),
    ],
)
def test_every_form_has_its_first_and_last_day(text: str, first: str, last: str, shown: str) -> None:
    period = Period.parse(text)
    assert (period.first, period.last) == (date.fromisoformat(first), date.fromisoformat(last))
    assert str(period) == shown
    assert Period.parse(period.name) == period


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026Q5", "2026Q4"),
        ("2026Q0", "2026Q1"),
        ("Q4 2026", "2026Q4"),
        ("2026-Q3", "2026Q3"),
        ("4Q2026", "2026Q4"),
        ("2026-13", "2026-12"),
        ("2026-1", "2026-01"),
        ("2026-11-24", "2026Q4"),
        ("2026-10..2026-12", "2026-10-01..2026-12-31"),
        ("2026-10-01/2026-12-31", "2026-10-01..2026-12-31"),
        ("2026-10-01..2026-11-31", "2026-10-01..2026-11-30"),
        ("2026-99-99..2026-01-00", "2026-01-01..2026-12-31"),
        ("year 2026", "2026"),
    ],
)
def test_what_is_none_is_told_with_the_nearest_one(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=r"is not a period like 2026Q4, 2026-10, 2026 or") as caught:
        Period.parse(text)
    assert str(caught.value).endswith(f" (did you mean {meant!r}?)")
    Period.parse(meant)


@pytest.mark.parametrize(
    "text", ["", "soon", "26Q4", "0000", "0000-01..0000-02", "\u0662\u0660\u0662\u0666", "20261001..20261231"]
)
def test_where_nothing_is_near_only_the_forms_are_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a period like 2026Q4, 2026-10, 2026 or 2026-10-01\.\.2026-12-31$"):
        Period.parse(text)


def test_dates_the_wrong_way_round_are_told_in_their_order() -> None:
    with pytest.raises(ValueError, match="ends before it begins") as caught:
        Period.parse("2026-12-31..2026-10-01")
    assert "'2026-10-01..2026-12-31'" in str(caught.value)


def test_both_days_are_within_in_utc() -> None:
    period = Period.parse("2026Q4")
    assert period.covers(datetime(2026, 10, 1, tzinfo=UTC))
    assert period.covers(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert not period.covers(datetime(2027, 1, 1, tzinfo=UTC))
    assert not period.covers(datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC))
    assert period.covers(datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))), "still December in UTC"


@pytest.mark.parametrize("text", ["2026Q4", "2026-10", "2026", "'2026'", "2026-10-01..2026-12-31"])
def test_it_can_stand_in_the_settings_file_and_is_kept_for_resume(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.yaml").write_text(f"period: {text}\n")
    settings = load_settings(tmp_path / "some.yaml")
    assert settings.period == Period.parse(text.strip("'"))
    assert load_settings(None, settings.model_dump(mode="json"), read_file=False) == settings


def test_a_mistake_names_the_option_or_the_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^--period: '2026Q5' is not a period .*did you mean '2026Q4'"):
        load_settings(None, {"period": "2026Q5"}, read_file=False)
    (tmp_path / "some.yaml").write_text("period: 2026-11-24\n")
    with pytest.raises(ConfigurationError, match=r"some\.yaml:1: period: '2026-11-24' is not a period"):
        load_settings(tmp_path / "some.yaml")


def test_it_is_not_stated_unless_somebody_does() -> None:
    assert Settings().period is None
