"""``report --redact`` and ``unredact`` as they are run: names out, and back for who holds the key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auditor.model import ROOT_USER
from auditor.report.redaction import PSEUDONYM, Pseudonyms
from tests.boxed import Completed, error_line, read_csv
from tests.fork_server import run_command
from tests.planted import MAILS, PLANTED, USERS, every_text, planted, waiver_entries
from tests.support import waivers_file

KEY = bytes(range(32))
FORMATS = ("--format", "csv", "--format", "json", "--format", "xlsx")


def auditor(*arguments: str | Path, given: bytes = b"") -> Completed:
    return run_command(arguments, given=given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot, the key, waivers, and the same reports with names (``plain``) and without (``hidden``)."""
    folder = tmp_path_factory.mktemp("redacting")
    planted(folder).folder.rename(folder / "snapshot")
    key = folder / "key"
    key.write_text(KEY.hex())
    key.chmod(0o600)
    waivers_file(folder, *waiver_entries())
    for out, options in (("plain", ()), ("hidden", ("--redact", key))):
        found = auditor("report", folder / "snapshot", "--out", folder / out, *judging(folder), *FORMATS, *options)
        assert (found.returncode, found.stderr) == (4, "")
        (folder / f"{out}.stdout").write_text(found.stdout)
    return folder


def judging(folder: Path) -> tuple[str | Path, ...]:
    return ("--waivers", folder / "waivers.yaml")


def unredacted(folder: Path, what: str | Path, **other: bytes) -> Completed:
    return auditor("unredact", what, folder / "snapshot", "--key", folder / "key", *judging(folder), **other)


def test_no_planted_name_is_in_any_file_or_on_the_terminal(folder: Path) -> None:
    files = every_text(folder / "hidden")
    assert [text for text in PLANTED if text.encode() in files] == []
    assert [text for text in PLANTED if text in (folder / "hidden.stdout").read_text()] == []
    assert [text for text in PLANTED if text.encode() not in every_text(folder / "plain")] == []


def without_ids(text: str) -> str:
    """The ids of findings are made of the pseudonyms, and stay what they are."""
    return re.sub(r"\bf-[0-9a-f]{20}\b", "f-", text)


@pytest.mark.parametrize("name", ["findings.csv", "accounts.csv", "credentials.csv", "waivers.csv", "findings.json"])
def test_unredact_gives_the_originals_back(folder: Path, name: str) -> None:
    found = unredacted(folder, folder / "hidden" / name)
    assert (found.returncode, found.stderr) == (0, "")
    original = (folder / "plain" / name).read_bytes().decode()
    assert without_ids(found.stdout) == without_ids(original)
    assert (folder / "hidden" / name).read_bytes() != found.stdout.encode()


def test_unredact_keeps_the_style_of_a_csv_file(folder: Path, tmp_path: Path) -> None:
    style = ("--csv-delimiter", ";", "--csv-bom", "--format", "csv")
    for out, options in (("plain", ()), ("hidden", ("--redact", folder / "key"))):
        auditor("report", folder / "snapshot", "--out", tmp_path / out, *judging(folder), *style, *options)
    found = unredacted(folder, tmp_path / "hidden" / "findings.csv")
    assert found.stdout.startswith("\ufeffsnapshot_id;as_of;")
    original = (tmp_path / "plain" / "findings.csv").read_bytes().decode()
    assert without_ids(found.stdout) == without_ids(original)


def test_unredact_reads_a_letter_from_stdin(folder: Path) -> None:
    names = (USERS[0], MAILS[2])
    letter = "Ask {} (not user-aaaaaaaaaaaaaaaa) or {}."
    found = unredacted(folder, "-", given=letter.format(*map(Pseudonyms(KEY).of, names)).encode())
    assert found.stdout == letter.format(*names)


def test_unredact_tells_whom_one_pseudonym_stands_for(folder: Path) -> None:
    for name in (*USERS, MAILS[0]):
        pseudonym = Pseudonyms(KEY).of(name)
        assert unredacted(folder, pseudonym).stdout == f"{name}\n"


def test_unredact_refuses_what_it_does_not_know_and_what_it_cannot_read(folder: Path, tmp_path: Path) -> None:
    unknown = unredacted(folder, "user-aaaaaaaaaaaaaaaa")
    assert unknown.returncode == 2
    assert error_line(unknown).endswith("matches no name in this snapshot, or was made with another key")
    book = unredacted(folder, folder / "hidden" / "audit.xlsx")
    assert (book.returncode, "is a workbook: save a sheet as CSV" in error_line(book)) == (2, True)
    missing = unredacted(folder, tmp_path / "missing.csv")
    assert (missing.returncode, "cannot be read" in error_line(missing)) == (2, True)
    (tmp_path / "latin.txt").write_bytes(b"\xff")
    assert "not UTF-8" in error_line(unredacted(folder, tmp_path / "latin.txt"))


def test_another_key_gives_no_name_back(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text(KEY[::-1].hex())
    other.chmod(0o600)
    found = auditor("unredact", folder / "hidden" / "findings.csv", folder / "snapshot", "--key", other)
    assert found.stdout.encode() == (folder / "hidden" / "findings.csv").read_bytes()


def test_a_bad_key_is_refused_before_anything_is_written(folder: Path, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("abcd")
    found = auditor("report", folder / "snapshot", "--out", tmp_path / "out", "--redact", short)
    assert (found.returncode, found.stdout) == (2, "")
    assert "a key has at least 32 bytes, this one 2" in error_line(found)
    assert not (tmp_path / "out").exists()


def test_a_key_that_others_can_read_gets_a_warning(folder: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY.hex())
    key.chmod(0o644)
    found = auditor("report", folder / "snapshot", "--out", tmp_path / "out", "--redact", key, "--format", "json")
    assert error_line(found) == f"auditor: other users of this machine can read the key {key}; run 'chmod 600' on it"


def test_reports_beside_the_evidence_are_told_not_to_be_handed_out_with_it(folder: Path, tmp_path: Path) -> None:
    snapshot = planted(tmp_path).folder
    found = auditor("report", snapshot, "--redact", folder / "key", "--format", "json")
    assert "still has the names" in error_line(found)


def test_the_key_can_stand_in_the_settings_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text(json.dumps({"redact": str(folder / "key"), "format": "csv"}))
    auditor("report", folder / "snapshot", "--out", tmp_path / "out", "--config", tmp_path / "auditor.yaml")
    names = {row["user"] for row in read_csv(tmp_path / "out" / "credentials.csv")}
    assert names - {ROOT_USER}
    assert all(PSEUDONYM.fullmatch(name) for name in names - {ROOT_USER})
