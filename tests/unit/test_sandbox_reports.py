"""Reports of the box: each says exactly what was planted, in every layout, or is broken as its fault says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.facts import Key, PlantedAccount, User
from auditor.sandbox.personas import ODD_NAMES, personas
from auditor.sandbox.reports import COLUMNS, LAYOUTS, Layout, layout_of, render
from auditor.sandbox.roots import roots
from tests.expected import Expected

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(as_of=AS_OF)
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,"
    "cert_2_active,cert_2_last_rotated"
)
Row = dict[str, str]


@pytest.fixture(scope="module")
def box() -> Sandbox:
    return Sandbox(replace(OPTIONS, faulty=False))


def _rows(report: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(report.decode(), newline=""), strict=True))


def _bool(text: str) -> bool | None:
    return {"true": True, "false": False, "not_supported": None}[text.lower()]


def _time(text: str) -> datetime | None:
    return None if text in ("N/A", "no_information") else datetime.fromisoformat(text)


def _key(row: Row, slot: int) -> Key:
    name = f"access_key_{slot}"
    return Key(
        bool(_bool(row[f"{name}_active"])),
        _time(row[f"{name}_last_rotated"]),
        _time(row[f"{name}_last_used_date"]),
    )


def _agrees(row: Row, user: User) -> bool:
    password = user.password
    return (
        row["user"] == user.name
        and row["arn"].endswith((":root", f":user{user.path}{user.name}"))
        and _time(row["user_creation_time"]) == user.created
        and _bool(row["password_enabled"]) is password.enabled
        and _time(row["password_last_used"]) == password.last_used
        and _bool(row["mfa_active"]) is user.mfa
        and (_key(row, 1), _key(row, 2)) == (user.key_1, user.key_2)
        and _bool(row["cert_1_active"]) is user.cert_1.active
        and (row["arn"].endswith(":root") or _time(row["password_last_changed"]) == password.last_changed)
    )


def _facts(*users: User, fault: str = "") -> PlantedAccount:
    return PlantedAccount("000000000017", "ACTIVE", True, fault, roots(AS_OF)["never-used"], users)


def _render(layout: Layout, *users: User, fault: str = "") -> bytes:
    return render(_facts(*users, fault=fault), layout, "arn:aws:iam::000000000017")


def _everybody() -> Iterator[User]:
    for group in personas(AS_OF):
        yield from group


def test_plain_report_is_exactly_as_live_ones_are() -> None:
    user = User("bo", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), key_1=Key(True, AS_OF))
    lines = _render(Layout(), user).decode().split("\n")
    assert lines == [
        HEADER,
        "<root_account>,arn:aws:iam::000000000017:root,2024-02-28T10:15:00Z,true,no_information,not_supported,"
        "not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
        "bo,arn:aws:iam::000000000017:user/bo,2026-01-02T03:04:05Z,false,N/A,N/A,N/A,false,"
        "true,2026-11-24T10:15:00Z,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_says_what_was_planted(layout: Layout) -> None:
    users = [user for user in _everybody() if layout.quoted or "," not in user.name]
    rows = _rows(_render(layout, *users))
    assert [row["user"] for row in rows] == ["<root_account>", *(user.name for user in users)]
    assert all(_agrees(row, user) for row, user in zip(rows[1:], users, strict=True))
    assert all(None not in row.values() for row in rows)


def test_layouts_differ_as_promised() -> None:
    texts = [_render(layout, *_everybody()).decode() for layout in LAYOUTS]
    assert {len(layout.columns) for layout in LAYOUTS} == {22, 23}
    assert any("\r\n" in text for text in texts)
    assert any("+00:00,TRUE" in text for text in texts)
    assert any("additional_credentials_info" in text for text in texts)
    assert any(not text.startswith("user,arn") for text in texts)
    assert any("\na,b,arn:aws:iam::000000000017:user/a,b," in text for text in texts)
    assert any('"a,b","arn:aws:iam::000000000017:user/a,b"' in text for text in texts)
    assert all(not text.endswith("\n") for text in texts)


def test_names_with_commas_can_be_told_apart_wherever_they_are_unquoted() -> None:
    assert all(layout.quoted or layout.columns[:2] == ("user", "arn") for layout in LAYOUTS)


def test_every_root_row_says_what_was_planted() -> None:
    for root in roots(AS_OF).values():
        facts = replace(_facts(), root=root)
        (row,) = _rows(render(facts, Layout(), "arn:aws:iam::000000000017"))
        assert _agrees(row, root), row


def test_reports_of_the_organization_name_their_own_account_only(box: Sandbox) -> None:
    for account in box.organization.accounts:
        text = box.report(account.id).decode()
        owners = {part.split(":")[0] for part in text.split("arn:aws:iam::")[1:]}
        assert owners == {account.id}


def test_users_are_sorted_unique_and_about_as_many_as_asked(box: Sandbox) -> None:
    for account in box.organization.accounts:
        names = [user.name for user in box.facts(account.id).users]
        assert names == sorted(names)
        assert len(set(names)) == len(names)
        assert 25 <= len(names) <= 31


@pytest.mark.parametrize(("accounts", "users"), [(60, 25), (60, 10), (20, 40), (4, 200), (1, 400)])
def test_every_persona_is_in_an_account_that_is_assessed(accounts: int, users: int) -> None:
    box = Sandbox(replace(OPTIONS, accounts=accounts, users=users))
    seen: set[str] = set()
    for account_id, outcome in Expected(box).outcomes().items():
        if outcome == "assessed" and account_id not in box.faults:
            seen |= {user.name for user in box.facts(account_id).users}
    wanted = [user.name for user in _everybody()]
    assert len(wanted) == len(set(wanted))
    assert set(wanted) <= seen


def test_every_root_and_layout_is_in_an_account_that_is_assessed() -> None:
    box = Sandbox(OPTIONS)
    healthy = [a for a in box.organization.active if a.id not in box.faults]
    assert {box.facts(a.id).root for a in healthy} == set(roots(AS_OF).values())
    assert {layout_of(a.rank, "") for a in healthy} == set(LAYOUTS)


def test_odd_names_are_planted() -> None:
    names = {user.name for user in _everybody()}
    assert {"NA", "null", "None", "007", "=1+1", "@x", "-dash", "+plus", "a,b"} <= set(ODD_NAMES) <= names
    assert {"Case.Twin", "case.twin", "CASE.TWIN"} <= names
    assert max(map(len, names)) == 64
    assert any(user.path == "/team/x/" for user in _everybody())


def _spoilt(fault: str) -> str:
    return _render(layout_of(0, fault), *_everybody(), fault=fault).decode()


def test_faults_spoil_reports_as_they_say() -> None:
    assert _spoilt("html").startswith("<!DOCTYPE html>")
    assert _spoilt("empty") == ""
    assert _spoilt("header-only") == HEADER
    assert "2024-13-45T25:61:61Z" in _spoilt("bad-value")
    assert _spoilt("bad-value").count("\n") == _spoilt("").count("\n")


def test_truncated_report_ends_within_its_last_row() -> None:
    whole, cut = _spoilt(""), _spoilt("truncated")
    assert whole.startswith(cut)
    assert cut.count("\n") == whole.count("\n")
    assert cut.rpartition("\n")[2].count(",") < len(COLUMNS) - 1


def test_missing_columns_are_gone_from_every_row() -> None:
    header = _spoilt("missing-columns").split("\n")[0].split(",")
    assert set(COLUMNS) - set(header) == {"access_key_2_last_used_date", "mfa_active"}
    plain = next(user for user in _everybody() if user.name == "good")
    rows = _rows(_render(Layout(), plain, fault="missing-columns"))
    assert all(None not in row and None not in row.values() for row in rows)


def test_wrong_account_and_no_root_row() -> None:
    clean = Sandbox(OPTIONS)
    first, second = (a.id for a in clean.organization.active[1:3])
    box = Sandbox(replace(OPTIONS, faults={first: "wrong-account", second: "no-root-row"}))
    assert f"arn:aws:iam::{first}:" not in box.report(first).decode()
    assert "<root_account>" not in box.report(second).decode()
    assert "<root_account>" in clean.report(second).decode()
