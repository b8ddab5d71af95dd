"""Escapes, control characters and turned writing in names and messages: neutralised visibly wherever a person reads."""

from __future__ import annotations

import json
import os
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from auditor.model import CREDENTIAL_REPORT, Account, AccountRecord, EvidenceGap, Outcome
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box, command
from tests.fork_server import run_command
from tests.support import ACCOUNT, ago, key, report, root, stored, user

HOSTILE = "x\x1b[31m\x1b]0;title\x07\x9b2J\x08\u202egnp\u2066\u200b\u2028y"
MARKED = "x\ufffd[31m\ufffd]0;title\ufffd\ufffd2J\ufffd\ufffdgnp\ufffd\ufffd\ufffdy"
LOST = "222222222222"
ACTING = {"Cc", "Cs", "Cf", "Zl", "Zp"}


def acting(text: str) -> set[str]:
    """Characters that a terminal would obey, or that nobody sees."""
    return {c for c in text if unicodedata.category(c) in ACTING} - {"\n", "\t"}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Everything that AWS, or whoever answers in its place, can name."""
    name = HOSTILE.replace("\u2028", "")
    reports = {ACCOUNT: report([root(), user(name, **key(1, ago(100)), additional_credentials_info=HOSTILE)])}
    gap = EvidenceGap(CREDENTIAL_REPORT, "assume", f"Denied{HOSTILE}", f"no: {HOSTILE}", HOSTILE)
    account = Account(LOST, HOSTILE, HOSTILE, ou_path=HOSTILE, state=HOSTILE)
    lost = AccountRecord(account, Outcome.NOT_ASSESSED, f"assume: Denied{HOSTILE}", (), (gap,))
    return stored(tmp_path_factory.mktemp("hostile"), reports, lost)


def on_a_terminal(arguments: Sequence[str | Path], cwd: Path) -> tuple[int, str]:
    """Exit code and all that a real terminal would be sent."""
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "dumb", "COLUMNS": "400"}
    process = subprocess.Popen(command(arguments), cwd=cwd, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    sent = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # nobody writes any more
            break
        sent += block
    os.close(ours)
    return process.wait(), sent.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "{snapshot}", "--format", "csv", "--out", "derived"],
        [
            "query",
            "select account_name, ou_path, state, gap_code, gap_message from accounts",
            "--snapshot",
            "{snapshot}",
        ],
        ["query", "select * from accounts", "--snapshot", "{snapshot}", "--format", "csv"],
        ["query", "select * from accounts", "--snapshot", "{snapshot}", "--format", "json"],
        ["query", 'select 1 as "{hostile}[red]"', "--snapshot", "{snapshot}"],
        ["query", "select {hostile}", "--snapshot", "{snapshot}"],
        ["explain", "access-key-rotated-90d", "{snapshot}", "--account", ACCOUNT, "--user", "{user}"],
        ["explain", "access-key-rotated-90d", "{snapshot}", "--account", ACCOUNT, "--user", "{hostile}"],
        ["run", "--role", "{hostile}"],
        ["report", "{hostile}"],
        ["{hostile}"],
    ],
    ids=lambda arguments: " ".join(word[:12] for word in arguments[:2]),
)
def test_what_somebody_named_does_not_act_on_a_terminal(
    snapshot: Snapshot, tmp_path: Path, arguments: list[str]
) -> None:
    name = HOSTILE.replace("\u2028", "")
    given = [text.format(snapshot=snapshot.folder, hostile=HOSTILE, user=name) for text in arguments]
    code, sent = on_a_terminal(given, tmp_path)
    assert code in (0, 2, 4), sent
    assert acting(sent) == set()
    assert any(mark in sent for mark in ("\ufffd", "\\x1b", "\\u001b")), "it is to be seen that something was there"


def test_a_program_gets_data_as_they_are(snapshot: Snapshot, tmp_path: Path) -> None:
    sql = "select account_name from accounts"
    done = run_command(["query", sql, "--snapshot", snapshot.folder, "--format", "json"], folder=tmp_path)
    assert HOSTILE in [row["account_name"] for row in json.loads(done.stdout)]


@pytest.mark.parametrize("form", ["text", "json"])
def test_names_and_messages_of_a_run_do_not_act_in_progress_and_log(tmp_path: Path, form: str) -> None:
    sandbox = Sandbox(SandboxOptions(accounts=3, users=1, as_of=AS_OF, faulty=False))
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        lines = [f"{account.id},{HOSTILE.replace(chr(8), '')}" for account in sandbox.organization.active]
        (tmp_path / "accounts.csv").write_text("account_id,name\n" + "\n".join(lines) + "\n")
        options = ["--accounts-file", "accounts.csv", "--verbose", "--log-format", form]
        done = box.auditor("accounts", *options, "--role", "NoSuchRole", cwd=tmp_path)
    assert done.returncode in (3, 4)
    assert acting(done.stdout + done.stderr) == set()
    assert "\ufffd[31m" in done.stdout


def test_a_traceback_does_not_act_on_a_terminal(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import auditor.store.snapshot as s\ndef broken(folder):\n"
        f"    raise RuntimeError({HOSTILE!r})\ns.Snapshot.open = broken\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command(["report", snapshot.folder, "--verbose"]),
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert MARKED in done.stderr
    assert acting(done.stderr) == set()


def test_texts_of_ones_own_catalogue_do_not_act_either(tmp_path: Path) -> None:
    (tmp_path / "mine" / "benchmarks").mkdir(parents=True)
    spelt = "x\\u001b[31m\\u202Egnp"
    (tmp_path / "mine" / "benchmarks" / "mine.yaml").write_text(
        f'id: mine\ntitle: "{spelt}"\nversion: "1"\npublisher: me\nabout: "{spelt}"\nrequirements:\n'
        f'  - {{id: "1", control: root-mfa, title: "{spelt}", section: "{spelt}", level: 1, assessment: automated}}\n'
    )
    for arguments in (["controls", "list", "--benchmark", "mine"], ["controls", "show", "mine:1"]):
        done = run_command([*arguments, "--config-dir", "mine"], folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert acting(done.stdout) == set()
        assert "\ufffd[31m" in done.stdout
