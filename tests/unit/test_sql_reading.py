"""SQL of a control is read strictly: one expression of few words, and an error says where it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from auditor.catalog import config_folder, load_catalog
from auditor.catalog.sql import TABLES, Names, Sort, compiled, read_expression
from auditor.errors import CatalogError
from tests.sql_controls import entry, own_folder
from tests.support import catalog


def refusal(place: Path, **changes: Any) -> str:
    with pytest.raises(CatalogError) as caught:
        load_catalog(None, own_folder(place, entry(**changes)))
    return str(caught.value)


@pytest.mark.parametrize(
    ("passes", "message"),
    [
        ("actve", r"there is no column 'actve' \(did you mean 'active'\?\)"),
        ("age_days", "it must be true or false, and is a whole number"),
        ("active = 'yes'", "it compares text and true or false"),
        ("age_days <= $max_age", r"there is no parameter '\$max_age' \(did you mean 'max_age_days'\?\)"),
        ("active; drop table units", "is not one expression|exactly one expression"),
        ("active; active", "it must be exactly one expression"),
        ("", "at least 1 character"),
        ("-- active", "exactly one expression"),
        ("*", "'\\*' is not allowed"),
        ("(select true)", "is not allowed"),
        ("active in (select true)", "is not allowed"),
        ("exists (select 1)", "is not allowed"),
        ("active = any (select true)", "is not allowed"),
        ("select active", "is not one expression"),
        ("count(*) > 0", "the function 'count' is not allowed"),
        ("sum(age_days) > 1", "the function 'sum' is not allowed"),
        ("max(age_days) over () > 1", "is not allowed"),
        ("row_number() over (order by age_days) > 1", "is not allowed"),
        ("read_text('/etc/passwd') = 'x'", "the function 'read_text' of 1 values is not allowed"),
        ("read_csv('/etc/passwd') is null", "is not allowed"),
        ("getenv('HOME') = 'x'", "the function 'getenv' of 1 values is not allowed"),
        ("current_setting('threads') = '1'", "is not allowed"),
        ("set threads = 9", "is not one expression"),
        ("install httpfs", "is not one expression"),
        ("attach 'x'", "is not one expression"),
        ("now() > last_used", "the function 'now' of 0 values is not allowed"),
        ("current_timestamp > last_used", "is not allowed"),
        ("random() > 0", "is not allowed"),
        ("coalese(active, true)", r"the function 'coalese' \(did you mean 'coalesce'\?\) of 2 values"),
        ("lower(credential) = 'x'", "the function 'lower' is not allowed"),
        ("credential ilike 'x'", "is not allowed"),
        ("credential similar to 'x'", "is not allowed"),
        ("credential like 'x' escape '!'", "is not allowed"),
        ("credential like user", "the pattern of 'like' must be a text or a parameter"),
        ("credential collate nocase = 'x'", "is not allowed"),
        ("age_days / 2 > 1", "is not allowed"),
        ("age_days > 1.5", "is not a whole number"),
        ("age_days > 9999999999999999999", "is not a whole number of at most 18 digits"),
        ("try_cast(credential as bigint) > 1", "is not allowed"),
        ("cast(credential as bigint) > 1", "cast is allowed to text only"),
        ("units.active", "with 'table' is not allowed"),
        ("active is true", "'is' must be followed by null"),
        ("credential in $max_age_days", "a list in parentheses or a parameter that is a list"),
        ("days_between(age_days, $as_of) > 1", "'age_days' must be a time"),
        ("?", "there is no parameter"),
        ("case when active then 1 else 'x' end = 1", "case gives a whole number and text"),
        ("[active][1]", "is not allowed"),
        ("(" * 200 + "active" + ")" * 200, "nested too deep"),
        ("not " * 90 + "active", "nested too deep"),
        ("active and " * 200 + "active", "more than 2,000 characters"),
    ],
)  # fmt: skip
def test_what_is_not_a_plain_expression_is_refused(tmp_path: Path, passes: str, message: str) -> None:
    said = refusal(tmp_path, passes=passes, reason=None, parameters=None, stricter=None) if not passes else ""
    said = said or refusal(tmp_path, passes=passes, where="age_days <= $max_age_days")
    assert re.search(message, said), said
    assert re.search(r"own\.yaml:\d+: control 'own-keys-young': passes: ", said)
    assert "\n" not in said


def test_the_line_of_the_very_field_is_named(tmp_path: Path) -> None:
    folder = own_folder(tmp_path, entry(observed="nothing"))
    lines = (folder / "controls" / "own.yaml").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if "observed:" in line)
    with pytest.raises(CatalogError, match=rf"own\.yaml:{number}: control 'own-keys-young': observed: there is no"):
        load_catalog(None, folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "credential"}, r"unknown table 'credential' \(did you mean 'credentials'\?\)"),
        ({"check": "key_age"}, "neither check nor by_hand"),
        ({"by_hand": True}, "neither check nor by_hand"),
        ({"observed": None}, "a control with a table needs observed"),
        ({"reason": None}, "a control with a table needs reason"),
        ({"table": None, "unit": "user", "check": None}, "name a check, or a table"),
        ({"unit": "account"}, "has the unit credential"),
        ({"where": "active and nothing"}, r"where: there is no column 'nothing'"),
        ({"since": "active"}, "since: it must be a time, and is true or false"),
        ({"lines": "age_days"}, "lines: there is no column 'age_days' of lines"),
        (
            {"parameters": {"max_age_days": 1, "other": 2}},
            r"parameters.other: no expression and no reason names \$other",
        ),
        ({"parameters": {"max_age_days": 1, "as_of": 2}}, r"parameters.as_of: \$as_of is the time of the snapshot"),
        ({"reason": {"pass": "$x", "fail": "b", "no_evidence": "c"}}, r"reason.pass: there is no parameter '\$x'"),
        ({"reason": {"pass": "a", "fail": "b"}}, "reason.no_evidence: Field required"),
        ({"reason": {"pas": "a", "fail": "b", "no_evidence": "c"}}, r"unknown key 'pas' \(did you mean 'pass'\?\)"),
        (
            {"reason": {"pass": "a", "fail": "b", "no_evidence": "c", "special": [{"when": "age_days", "text": "x"}]}},
            "reason.special.0.when: it must be true or false",
        ),
        ({"examples": [{"row": {}, "verdict": "OK", "about": "x"}]}, "examples.0.verdict"),
        ({"wher": "active"}, r"unknown key 'wher' \(did you mean 'where'\?\)"),
    ],
)
def test_a_control_in_sql_is_whole(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert re.search(message, refusal(tmp_path, **changes))


def test_sql_words_stand_with_a_table_only(tmp_path: Path) -> None:
    odd = {"table": None, "unit": "user", "evidence": ["credential-report"], "check": "console_mfa", "where": "active"}
    assert "where stands with a table only" in refusal(tmp_path, **odd)


def test_unit_and_evidence_follow_from_the_table(tmp_path: Path) -> None:
    control = load_catalog(None, own_folder(tmp_path, entry())).control("own-keys-young")
    assert (control.unit.value, control.evidence) == ("credential", ("credential-report", "access-keys"))
    assert control.decided_by == "SQL"
    assert control.assessment == "automated"


def test_the_shipped_controls_are_read_as_strictly() -> None:
    shipped = [control for control in catalog().controls.values() if control.table]
    assert len(shipped) > 10
    for control in shipped:
        assert compiled(control).columns
    assert load_catalog(config_folder()).hash == catalog().hash


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_column_can_be_named(table: str) -> None:
    columns = TABLES[table].columns
    for name, sort in columns.items():
        assert read_expression(name, Names(columns, {}), sort).columns == (name,)
        assert read_expression(f"{name} is null", Names(columns, {}), Sort.BOOLEAN)


def test_own_sql_that_is_looser_than_the_shipped_one_is_told(tmp_path: Path) -> None:
    shipped = catalog().control("security-contact-registered")
    own = entry(
        id=shipped.id, table="contacts", where=None, passes="true", observed="'x'", parameters=None, stricter=None,
        reason={"pass": "a", "fail": "b", "no_evidence": "c"},
    )  # fmt: skip
    merged = load_catalog(None, own_folder(tmp_path, own))
    said = "passes true instead of security_contact <> '' for every account: not what the benchmark says"
    assert said in merged.looser(shipped.id)
