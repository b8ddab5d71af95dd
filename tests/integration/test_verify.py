"""A snapshot as the command line leaves it: every change to it is found, and told."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, Completed, error_line
from tests.sealing import any_bit, copied, files_of, flipped, key_pair, state, told, verified

FLIPS = 1_000
DERIVED = (
    "audit.xlsx",
    "findings.csv",
    "accounts.csv",
    "controls.csv",
    "credentials.csv",
    "waivers.csv",
    "summary.json",
)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=4, users=3, as_of=AS_OF, report_delay=(0.0, 0.1)))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def ran(box: Box, keys: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Completed:
    """A whole run, signed."""
    out = tmp_path_factory.mktemp("out")
    result = box.auditor("run", "--out", out, "--as-of", AS_OF.isoformat(), "--sign", keys[0])
    assert result.returncode in (0, 4), result.stderr
    return result


@pytest.fixture(scope="module")
def snapshot(ran: Completed) -> Path:
    return Path(ran.stdout.splitlines()[-1])


@pytest.fixture
def copy(snapshot: Path, tmp_path: Path) -> Path:
    return copied(snapshot, tmp_path)


def test_the_manifest_lists_every_evidence_file_and_what_collected_it(snapshot: Path) -> None:
    manifest = Snapshot.open(snapshot).manifest
    found = {f.path for f in manifest.evidence}
    assert found == {p.relative_to(snapshot).as_posix() for p in files_of(snapshot / "evidence")}
    for file in manifest.evidence:
        assert file.size == (snapshot / file.path).stat().st_size
        assert len(file.sha256) == 64
    assert manifest.catalog is not None
    assert len(manifest.catalog.hash) == 64
    assert manifest.catalog.version == "0.1.0"
    assert manifest.journal is not None
    assert manifest.journal.size == (snapshot / "journal.jsonl").stat().st_size
    assert manifest.previous is None
    assert manifest.tool_version == "0.1.0"
    assert manifest.caller.arn.startswith("arn:aws:")
    assert {r.outcome.value for r in manifest.accounts} >= {"assessed"}
    assert manifest.settings["as_of"]


def test_the_root_hash_is_printed_before_the_path_and_stands_in_the_summary(ran: Completed, snapshot: Path) -> None:
    root = Snapshot.open(snapshot).manifest_sha256()
    assert ran.stdout.splitlines()[-2:] == [f"root hash: {root}", str(snapshot)]
    summary = json.loads((snapshot / "summary.json").read_text())
    assert summary["root_hash"] == summary["derived_from"]["manifest_sha256"] == root


def test_sha256sum_alone_verifies_every_file(snapshot: Path) -> None:
    listed = set()
    for name in ("evidence.sha256", "reports.sha256"):
        checked = subprocess.run(
            ["sha256sum", "--check", "--strict", name], cwd=snapshot, capture_output=True, text=True, check=True
        )
        listed |= {line.removesuffix(": OK") for line in checked.stdout.splitlines()}
    assert listed == {p.relative_to(snapshot).as_posix() for p in files_of(snapshot)} - {
        "evidence.sha256",
        "reports.sha256",
    }


def test_an_untouched_snapshot_is_unchanged_and_the_signature_is_good(
    box: Box, snapshot: Path, keys: tuple[Path, Path]
) -> None:
    before = state(snapshot)
    plain = box.auditor("verify", snapshot)
    assert plain.returncode == 0, plain.stdout
    assert "unchanged" in plain.stdout
    assert "not checked; give --public-key" in plain.stdout
    checked = box.auditor("verify", snapshot, "--public-key", keys[1], "--format", "json")
    assert checked.returncode == 0
    (facts,) = json.loads(checked.stdout)["snapshots"]
    assert facts["signature"].endswith("and the signature is good")
    assert (facts["differences"], facts["unchanged"]) == ([], True)
    assert facts["root_hash"] == Snapshot.open(snapshot).manifest_sha256()
    assert state(snapshot) == before, "verify writes nothing"


def test_any_flipped_bit_in_any_file_is_found(snapshot: Path, tmp_path: Path) -> None:
    """1,000 of 1,000, the checksum files, the manifest and the signature included; no key is needed for that."""
    folder = copied(snapshot, tmp_path)
    files, chance, touched = files_of(folder), random.Random(1_000), set()
    for _ in range(FLIPS):
        path, offset, bit = any_bit(files, chance)
        with flipped(path, offset, bit):
            differences = verified(folder).differences
        assert differences, f"bit {bit} of byte {offset} of {path.name}"
        assert path.relative_to(folder).as_posix() in {d.name for d in differences}, "and the file itself is named"
        touched.add(path.name)
    assert touched == {p.name for p in files}
    assert verified(folder).unchanged


def first_report(folder: Path) -> Path:
    return next(folder.glob("evidence/*/credential-report.csv"))


def symlinked(path: Path) -> None:
    moved = path.rename(path.parent.parent / f"moved-{path.name}")
    path.symlink_to(moved)


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def folder_for(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "truncated": (lambda f: first_report(f).write_bytes(first_report(f).read_bytes()[:-1]), {"changed"}),
    "emptied": (lambda f: first_report(f).write_bytes(b""), {"changed"}),
    "grown": (lambda f: first_report(f).write_bytes(first_report(f).read_bytes() + b"\n"), {"changed"}),
    "missing evidence": (lambda f: first_report(f).unlink(), {"missing"}),
    "missing report": (lambda f: (f / "findings.csv").unlink(), {"missing"}),
    "missing journal": (lambda f: (f / "journal.jsonl").unlink(), {"missing"}),
    "missing manifest": (lambda f: (f / "manifest.json").unlink(), {"missing"}),
    "missing checksums": (lambda f: (f / "evidence.sha256").unlink(), {"missing", "added"}),
    "missing list of reports": (lambda f: (f / "reports.sha256").unlink(), {"missing"}),
    "missing signature": (lambda f: (f / "manifest.sig").unlink(), {"missing"}),
    "missing folder": (lambda f: emptied(first_report(f).parent), {"missing", "added"}),
    "added evidence": (lambda f: (first_report(f).parent / "more.json").write_bytes(b"{}"), {"added"}),
    "added file": (lambda f: (f / "notes.txt").write_bytes(b"x"), {"added"}),
    "added hidden file": (lambda f: (f / ".hidden").write_bytes(b""), {"added"}),
    "added folder": (lambda f: (f / "evidence" / "000000000000").mkdir(), {"added"}),
    "renamed": (lambda f: first_report(f).rename(first_report(f).with_name("report.csv")), {"missing", "added"}),
    "renamed account": (lambda f: (p := first_report(f).parent).rename(p.with_name("1")), {"missing", "added"}),
    "link for a file": (lambda f: symlinked(first_report(f)), {"changed", "added"}),
    "link for a folder": (lambda f: symlinked(first_report(f).parent), {"changed", "missing", "added"}),
    "link for the checksums": (lambda f: symlinked(f / "evidence.sha256"), {"missing", "added"}),
    "folder for a file": (lambda f: folder_for(f / "waivers.csv"), {"changed"}),
    "line ends of the checksums": (
        lambda f: (p := f / "evidence.sha256").write_bytes(p.read_bytes().replace(b"\n", b"\r\n")),
        {"changed", "missing", "contradiction", "added"},
    ),
    "order of the checksums": (
        lambda f: (p := f / "reports.sha256").write_bytes(b"".join(sorted(p.read_bytes().splitlines(True))[::-1])),
        {"changed"},
    ),
    "a line out of the checksums": (
        lambda f: (p := f / "evidence.sha256").write_bytes(b"".join(p.read_bytes().splitlines(True)[1:])),
        {"contradiction"},
    ),
    "an empty list of a bundle": (lambda f: (f / "bundle.sha256").write_bytes(b""), {"changed", "contradiction"}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_changed_is_missing_or_was_added_is_told(copy: Path, damage: str) -> None:
    hurt, kinds = DAMAGES[damage]
    hurt(copy)
    found = {kind for kind, _ in told(copy)}
    assert found
    assert found <= kinds


def test_each_difference_is_told_exactly_and_the_exit_code_is_7(box: Box, copy: Path) -> None:
    report = first_report(copy)
    name = report.relative_to(copy).as_posix()
    report.write_bytes(report.read_bytes() + b"\n")
    (copy / "audit.xlsx").unlink()
    (copy / "evil\x1b[31m.txt").write_text("x")
    result = box.auditor("verify", copy)
    assert result.returncode == 7
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert "CHANGED since it was sealed, 3 differences" in lines[0]
    assert f"  changed: {name}: its sha256 is " in result.stdout
    assert "evidence.sha256 and manifest.json say " in result.stdout
    assert "  missing: audit.xlsx: reports.sha256 and summary.json name it" in lines
    assert "  added: evil\ufffd[31m.txt: nothing names it" in lines
    facts = json.loads(box.auditor("verify", copy, "--format", "json").stdout)
    assert facts["unchanged"] is False
    assert {d["file"] for d in facts["snapshots"][0]["differences"]} == {name, "audit.xlsx", "evil\x1b[31m.txt"}


def test_evidence_and_checksums_changed_together_contradict_the_manifest(copy: Path) -> None:
    report, other = sorted(copy.glob("evidence/*/credential-report.csv"))[:2]
    text = (copy / "evidence.sha256").read_text()
    before, after = (line_of(text, p.relative_to(copy).as_posix())[:64] for p in (report, other))
    report.write_bytes(other.read_bytes())
    (copy / "evidence.sha256").write_text(text.replace(before, after))
    assert {file for _, file in told(copy)} == {report.relative_to(copy).as_posix()}


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.endswith(f"  {name}"))


def test_a_snapshot_that_was_collected_but_not_reported_is_fine(box: Box, tmp_path: Path) -> None:
    collected = box.auditor("collect", "--out", tmp_path, "--as-of", AS_OF.isoformat())
    root, folder = collected.stdout.splitlines()
    assert root == f"root hash: {Snapshot.open(Path(folder)).manifest_sha256()}"
    result = box.auditor("verify", folder)
    assert result.returncode == 0, result.stdout
    assert "not signed" in result.stdout
    assert "note: there are no reports" in result.stdout


def test_an_unsigned_snapshot_says_so_and_is_a_difference_when_a_key_is_given(
    box: Box, tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    folder = box.auditor("collect", "--out", tmp_path, "--as-of", AS_OF.isoformat()).stdout.splitlines()[-1]
    result = box.auditor("verify", folder, "--public-key", keys[1])
    assert result.returncode == 7
    assert "the snapshot is not signed" in result.stdout


def test_another_key_and_another_manifest_are_told_apart(
    copy: Path, snapshot: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    _, stranger = key_pair(tmp_path, name="stranger")
    assert told(snapshot, stranger) == [("signature", "manifest.sig")]
    assert "another key" in verified(snapshot, stranger).signature
    text = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(text.replace('"interrupted": false', '"interrupted": true'))
    assert "not this manifest" in verified(copy, keys[1]).signature


def test_a_report_removes_what_it_does_not_write_again_but_not_what_was_edited(box: Box, copy: Path) -> None:
    (copy / "audit.xlsx").write_bytes(b"an auditor's remarks")
    again = box.auditor("report", copy, "--format", "json")
    assert again.returncode in (0, 4), again.stderr
    assert "removed from" in again.stderr
    left = {p.name for p in copy.iterdir() if p.name in {*DERIVED, "findings.json", "summary.json"}}
    assert left == {"audit.xlsx", "findings.json", "summary.json"}
    assert told(copy) == [("added", "audit.xlsx")]
    (copy / "audit.xlsx").unlink()
    assert told(copy) == []


def test_a_report_elsewhere_has_its_own_list_and_leaves_the_snapshot_alone(
    box: Box, copy: Path, tmp_path: Path
) -> None:
    before = state(copy)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.txt").write_text("mine")
    for form in ("csv", "json"):
        box.auditor("report", copy, "--out", tmp_path / "elsewhere", "--format", form)
    assert state(copy) == before
    assert {p.name for p in (tmp_path / "elsewhere").iterdir()} == {
        *("findings.json", "summary.json", "reports.sha256", "mine.txt")
    }
    subprocess.run(["sha256sum", "-c", "reports.sha256"], cwd=tmp_path / "elsewhere", check=True, capture_output=True)


def test_a_list_of_reports_that_names_other_places_removes_nothing_there(box: Box, copy: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    evidence = next(p.relative_to(copy).as_posix() for p in files_of(copy / "evidence"))
    names = ("../outside.txt", str(outside), evidence, "manifest.sig")
    lines = [f"{line_of((copy / 'evidence.sha256').read_text(), n)[:64]}  {n}\n" for n in names[2:]]
    (copy / "reports.sha256").write_text("".join([f"{empty}  {n}\n" for n in names[:2]] + lines))
    assert box.auditor("report", copy, "--format", "csv").returncode in (0, 4)
    assert outside.exists()
    assert (copy / evidence).exists()
    assert (copy / "manifest.sig").exists()


@pytest.mark.parametrize("place", ["nowhere", "empty", "file"])
def test_what_is_no_snapshot_is_told_as_usage(box: Box, tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    result = box.auditor("verify", tmp_path / place)
    assert result.returncode == (7 if place == "file" else 2)
    assert place in error_line(result)
