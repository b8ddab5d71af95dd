"""What a newcomer sees on a real terminal: every command fits it, and words stay whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.cli.main import cli
from tests.documents import contacts, policy, summary
from tests.support import ACCOUNT, OTHER, ago, excluded, gap, key, password, report, root, stored, unreachable, user
from tests.terminal import cells, on_terminal

LONG = "a-user-whose-name-is-as-long-as-the-names-of-users-may-be-in-iam"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    evidence = {"account-summary": summary(), "password-policy": policy(), "contacts": contacts()}
    users = [
        root(),
        user(LONG, **key(1, ago(46), ago(1)), **password(ago(50), ago(90))),
        user("bob", **key(1, ago(99))),
    ]
    reports = {ACCOUNT: report(users), OTHER: report([root(OTHER), user("eve", OTHER, **key(2, ago(91)))])}
    others = (excluded("000000000998"), unreachable("000000000999"))
    kinds = ("authorization-details", "server-certificates", "identity-providers", "access-analyzers")
    folder = stored(
        tmp_path_factory.mktemp("terminal"),
        reports,
        *others,
        documents={ACCOUNT: evidence},
        gaps={ACCOUNT: [gap(kind, "AccessDeniedException") for kind in kinds]},
    ).folder
    cli.main(["report", str(folder), "--format", "csv"], prog_name="auditor", standalone_mode=False)
    return folder


COMMANDS: dict[str, tuple[str, ...]] = {
    "findings": ("query", "select * from findings limit 3", "--snapshot", "SNAPSHOT"),
    "users": ("query", "select * from users", "--snapshot", "SNAPSHOT"),
    "named": ("query", "--name", "old-active-keys", "--snapshot", "SNAPSHOT"),
    "controls": ("controls", "list"),
    "benchmark": ("controls", "list", "--benchmark", "cis-aws-7.0.0"),
    "framework": ("controls", "list", "--framework", "soc2"),
    "diff": ("controls", "diff", "cis-aws-3.0.0", "cis-aws-7.0.0", "SNAPSHOT"),
    "explain": ("explain", "console-user-mfa", "SNAPSHOT", "--account", ACCOUNT, "--user", LONG),
}


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_wider_than_the_terminal(snapshot: Path, tmp_path: Path, name: str, columns: int) -> None:
    arguments = [str(snapshot) if word == "SNAPSHOT" else word for word in COMMANDS[name]]
    lines = on_terminal(arguments, columns, cwd=tmp_path)
    assert len(lines) > 3, lines
    assert not [line for line in lines if cells(line) > columns and not line.startswith("auditor: ")]


def test_findings_at_80_columns_have_a_line_for_each_column(snapshot: Path, tmp_path: Path) -> None:
    lines = on_terminal(
        ["query", "select * from findings limit 3", "--snapshot", str(snapshot)], columns=80, cwd=tmp_path
    )
    first = lines[: lines.index(next(line for line in lines if line.startswith("-[ row 2 ]")))]
    assert first[0].startswith("-[ row 1 ]---")
    assert len(first) <= 24, "a row fits a screen"
    assert [line.split(" | ")[0].strip() for line in first[1:5]] == [
        "snapshot_id",
        "as_of",
        "account_id",
        "account_name",
    ]
    assert f"account_id         | {ACCOUNT}" in first


def test_reports_keep_words_whole_at_80_columns(snapshot: Path, tmp_path: Path) -> None:
    lines = on_terminal(["report", str(snapshot), "--out", str(tmp_path), "--format", "csv", "--quiet"], columns=80)
    table = lines[: lines.index(next(line for line in lines if line.endswith("findings.csv")))]
    assert all(cells(line) <= 80 for line in table)
    words = {word.strip(",") for line in table for word in line.split()}
    for word in (
        "access-key-1-rotated-45d",
        "authorization-details",
        "identity-providers",
        "AccessDeniedException",
        "critical",
    ):
        assert word in words


def test_a_pipe_gets_one_line_a_row(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    cli.main(
        ["query", "select * from findings limit 3", "--snapshot", str(snapshot)],
        prog_name="auditor",
        standalone_mode=False,
    )
    assert len(capsys.readouterr().out.splitlines()) == 4
