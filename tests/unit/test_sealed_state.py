"""A snapshot that is not as it was sealed: every command that uses it says so in one sentence on stderr."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.ask.notebook import OpenSnapshot
from auditor.cli.main import main
from auditor.store.sealed_state import sealed_state
from auditor.store.snapshot import Snapshot
from tests.documents import contacts, policy, summary
from tests.support import ACCOUNT, OTHER, ago, key, report, root, stored, user

REPORT = f"evidence/{ACCOUNT}/credential-report.csv"
POLICY = f"evidence/{ACCOUNT}/password-policy.json"
CONTACTS = f"evidence/{ACCOUNT}/contacts.json"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    evidence = {"account-summary": summary(), "password-policy": policy(), "contacts": contacts()}
    reports = {
        ACCOUNT: report([root(), user("ann", **key(1, ago(46), ago(1)))]),
        OTHER: report([root(OTHER), user("bob", OTHER, **key(1, ago(99)))]),
    }
    folder = stored(tmp_path_factory.mktemp("sealed"), reports, documents={ACCOUNT: evidence}).folder
    assert run("report", folder, "--format", "csv", "--format", "xlsx") == 4
    return folder


@pytest.fixture
def snapshot(sealed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sealed, tmp_path / sealed.name)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def same_size(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"false", b"FALSE").replace(b"true", b"TRUE")[::-1])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed in its size": (lambda folder: longer(folder / POLICY), "of 7 files 1 is changed;"),
    "changed and of the same size": (lambda folder: same_size(folder / REPORT), "of 7 files 1 is changed;"),
    "missing": (lambda folder: (folder / REPORT).unlink(), "of 7 files 1 is missing;"),
    "added": (lambda folder: (folder / "evidence" / "x.json").write_text("{}"), "of 7 files 1 is added;"),
    "a folder of them gone": (lambda folder: shutil.rmtree(folder / "evidence" / ACCOUNT), "4 are missing;"),
    "all gone": (lambda folder: shutil.rmtree(folder / "evidence"), "of 8 files 5 are missing;"),
    "journal": (lambda folder: longer(folder / "journal.jsonl"), "1 is changed;"),
    "manifest": (lambda folder: longer(folder / "manifest.json"), "1 is changed;"),
    "checksums gone": (lambda folder: (folder / "evidence.sha256").unlink(), "1 is missing;"),
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("report", "SNAPSHOT", "--out", "OUT", "--format", "csv"),
    "split": ("report", "SNAPSHOT", "--out", "OUT", "--format", "csv", "--split-by", "account"),
    "redact": ("report", "SNAPSHOT", "--out", "OUT", "--format", "csv", "--redact", "KEY"),
    "explain": ("explain", "access-key-rotated-90d", "SNAPSHOT", "--account", ACCOUNT, "--user", "ann"),
    "reperform": ("reperform", "SNAPSHOT"),
    "import-responses": ("import-responses", "BOOK", "SNAPSHOT"),
    "unredact": ("unredact", "user-aaaaaaaaaaaaaaaa", "SNAPSHOT", "--key", "KEY"),
    "waivers": ("waivers", "check", "WAIVERS", "SNAPSHOT"),
    "diff": ("controls", "diff", "cis-aws-3.0.0", "cis-aws-7.0.0", "SNAPSHOT"),
}


def said(snapshot: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command writes on stderr."""
    key_file, waivers, book = tmp_path / "key", tmp_path / "waivers.yaml", tmp_path / "book.xlsx"
    key_file.write_text(bytes(range(32)).hex())
    key_file.chmod(0o600)
    waivers.write_text("waivers: []\n")
    shutil.copy(snapshot / "audit.xlsx", book)
    places = {"SNAPSHOT": snapshot, "OUT": tmp_path / "out", "KEY": key_file, "WAIVERS": waivers, "BOOK": book}
    capsys.readouterr()
    run(*(places.get(word, word) for word in COMMANDS[name]))
    return capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_uses_it_says_so_once(
    snapshot: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "as it was sealed" not in said(snapshot, tmp_path, name, capsys)
    shutil.rmtree(snapshot / "evidence" / OTHER)
    longer(snapshot / CONTACTS)
    (snapshot / "evidence" / "more").write_text("x")
    lines = [line for line in said(snapshot, tmp_path, name, capsys).splitlines() if "as it was sealed" in line]
    assert lines == [
        f"auditor: {snapshot} is not as it was sealed: of 8 files 1 is changed, 1 is missing, 1 is added; evidence "
        f"that is not as it was collected counts as an evidence gap; 'auditor verify {snapshot}' lists the files"
    ]


def test_a_query_says_so_where_it_makes_tables_of_the_evidence(
    snapshot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that the report has made are of the evidence as it was."""
    shutil.rmtree(snapshot / "evidence" / OTHER)
    asked = ("query", "select count(*) as n from accounts", "--snapshot", snapshot)
    capsys.readouterr()
    run(*asked)
    assert "as it was sealed" not in capsys.readouterr().err
    run(*asked, "--as-of", "2026-11-25")
    assert f"{snapshot} is not as it was sealed: of 8 files 1 is missing" in capsys.readouterr().err


@pytest.mark.parametrize("change", CHANGES)
def test_what_verify_finds_in_evidence_that_was_read_is_counted(
    snapshot: Path, change: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    make, told = CHANGES[change]
    make(snapshot)
    assert told.replace("of 7 files", "of 8 files") in said(snapshot, tmp_path, "report", capsys)
    assert run("verify", snapshot) == 7


def test_the_first_line_says_why_all_accounts_are_not_assessed(
    snapshot: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.rmtree(snapshot / "evidence")
    capsys.readouterr()
    assert run("report", snapshot, "--out", tmp_path / "out", "--format", "csv") == 3
    assert capsys.readouterr().out.splitlines()[0] == (
        "o-test: 2 accounts, 0 assessed, 2 not assessed (2 of them as their evidence is not as it was sealed), "
        "0 excluded"
    )


def test_a_notebook_warns(snapshot: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OpenSnapshot.at(snapshot).evaluated()
    (snapshot / REPORT).unlink()
    with pytest.warns(UserWarning, match="of 8 files 1 is missing;"):
        OpenSnapshot.at(snapshot).evaluated()


def test_nothing_is_hashed_a_second_time(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the manifest, whose hash stands in a list, no byte is read again."""
    opened = Snapshot.open(snapshot)
    hashed: list[int] = []
    honest = hashlib.sha256

    def counted(content: bytes = b"") -> object:
        hashed.append(len(content))
        return honest(content)

    monkeypatch.setattr("auditor.store.sealed_state.hashlib.sha256", counted)
    assert sealed_state(opened).sentence == ""
    assert hashed == [(snapshot / "manifest.json").stat().st_size]


def test_quiet_is_quiet(snapshot: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (snapshot / REPORT).unlink()
    capsys.readouterr()
    run("report", snapshot, "--out", tmp_path / "out", "--format", "csv", "--quiet")
    assert capsys.readouterr().err == ""
