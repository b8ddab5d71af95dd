"""``--log-format json``: what it tells, and that no run tells a secret in any way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.sandbox.sessions import BASE_TOKEN
from tests.boxed import Box
from tests.canaries import CANARIES, EXTERNAL_ID, MFA, SECRET, Place, troubled_box
from tests.expected import Expected

JSON = ("--log-format", "json")
# The last of these asks for an MFA code that is typed in.
RUNS: dict[str, tuple[str, ...]] = {
    "plain": ("run",),
    "verbose": ("run", "--verbose"),
    "json": ("run", *JSON),
    "json verbose": ("run", *JSON, "--verbose"),
    "quiet": ("collect", *JSON, "--quiet"),
    "accounts": ("accounts", *JSON),
    "wrong role": ("run", *JSON, "--verbose", "--role", "NoSuchRole"),
    "bad setting": ("run", *JSON, "--verbose", "--concurrency", "0"),
    "mfa": ("run", *JSON, "--verbose", "--profile", "with-mfa"),
}
# A mistake of the program, made while credentials are at hand; LEAKING also puts them into its text.
BROKEN = """
import aiobotocore.credentials as c
def broken(self, access_key, secret_key, token=None, **more):
    raise RuntimeError({text})
import auditor.aws.session  # has its own subclass, which must stay whole
import auditor.aws.assume as a
class Broken(c.AioCredentials):
    __init__ = broken
a.AioCredentials = Broken
"""


@pytest.fixture(scope="module")
def troubled() -> Iterator[Box]:
    with troubled_box() as box:
        yield box


def events(stderr: str | bytes) -> list[dict[str, Any]]:
    """Every line of stderr is an object."""
    return [json.loads(line) for line in stderr.splitlines()]


@pytest.mark.parametrize("kind", RUNS)
def test_no_run_tells_a_secret(kind: str, troubled: Box, tmp_path: Path) -> None:
    place = Place(troubled, tmp_path / "place")
    done = place.run(RUNS[kind])
    assert done.returncode == {"bad setting": 2, "mfa": 3}.get(kind, 4), done.stderr.decode()
    assert kind != "mfa" or b"ListAccounts" in done.stderr, "the log-in with a code must have worked"
    assert place.leaks() == set()


@pytest.mark.parametrize("form", [(), JSON], ids=["text", "json"])
def test_a_traceback_tells_no_secret(form: tuple[str, ...], troubled: Box, tmp_path: Path) -> None:
    place = Place(troubled, tmp_path / "place")
    done = place.run(("run", "--verbose", *form), BROKEN.format(text="'out of order'"))
    assert done.returncode == 1
    assert b"Traceback" in done.stderr
    assert b"out of order" in done.stderr
    assert place.leaks() == set()


def test_the_search_finds_a_secret_that_is_told(troubled: Box, tmp_path: Path) -> None:
    """All the tests above could not fail, were a secret in a message not found."""
    place = Place(troubled, tmp_path / "place")
    place.run(("run", *JSON), BROKEN.format(text="f'{secret_key} {token}'"))
    signed = f"AWS4-HMAC-SHA256 Credential=AKIA/x, Signature={'0a' * 32}"
    (place.folder / "tmp" / EXTERNAL_ID).write_text(f"{SECRET} {BASE_TOKEN} {MFA} {signed}")
    assert {name for name, _ in place.leaks()} == set(CANARIES)


THROTTLING = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}


def test_the_log_tells_calls_accounts_and_the_end(troubled: Box, tmp_path: Path) -> None:
    done = troubled.auditor("run", *JSON, "--out", tmp_path, "--external-id", EXTERNAL_ID)
    assert done.returncode == 4
    log = events(done.stderr)
    for line in log:
        assert datetime.fromisoformat(line["time"]).tzinfo is not None
        assert line["level"] in ("info", "warning", "error")
    retried = next(line for line in log if line["event"] == "call-retried" and line["account"])
    assert retried["code"] in THROTTLING
    assert 0 <= retried["pause"] <= 20
    assert re.fullmatch(r"[0-9a-f-]{36}", retried["request_id"])
    assert (retried["service"], retried["operation"][:3]) in {
        *(("iam", verb) for verb in ("Gen", "Get", "Lis")),
        *(("sts", "Ass"), ("ec2", "Des"), ("accessanalyzer", "Lis"), ("account", "Get")),
    }
    accounts = {line["account"]: line for line in log if line["event"] == "account-finished"}
    outcomes = Expected(troubled.sandbox).outcomes()
    assert {i: line["outcome"] for i, line in accounts.items()} == {
        i: outcome for i, outcome in outcomes.items() if outcome != "excluded"
    }
    for account_id, (stage, code) in Expected(troubled.sandbox).gaps().items():
        gap = accounts[account_id]["gaps"][0]  # the credential report's, the first kind
        assert (gap["stage"], gap["code"]) == (stage, code)
        refused = [line for line in log if line["event"] == "call-failed" and line["account"] == account_id]
        assert stage == "validate" or gap["request_id"] in [line["request_id"] for line in refused]
    end = log[-1]
    assert end["event"] == "run-finished"
    assert end["accounts"]["assessed"] == list(outcomes.values()).count("assessed")
    assert end["retries"] == sum(line["event"] == "call-retried" for line in log)


def test_quiet_leaves_warnings_and_errors(troubled: Box, tmp_path: Path) -> None:
    done = troubled.auditor("collect", *JSON, "--quiet", "--out", tmp_path, "--external-id", EXTERNAL_ID)
    log = events(done.stderr)
    assert {line["level"] for line in log} == {"warning"}
    failed = {line["account"] for line in log if line["event"] == "account-finished"}
    assert failed == Expected(troubled.sandbox).gaps().keys()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "--log-format=json", "--concurrency", "0"), 2),
        (("run", *JSON, "--no-such-option"), 2),
        (("report", *JSON, "nowhere"), 2),
    ],
)
def test_errors_are_told_in_the_same_form(troubled: Box, arguments: tuple[str, ...], code: int) -> None:
    done = troubled.auditor(*arguments)
    (error,) = events(done.stderr)
    assert done.returncode == code
    assert (error["event"], error["level"], error["exit_code"]) == ("error", "error", code)
    assert error["message"]


def test_the_settings_file_says_it_too(troubled: Box, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("log_format: json\nquiet: true\nrole: NoSuchRole\n")
    done = troubled.auditor("accounts", cwd=tmp_path)
    assert {line["event"] for line in events(done.stderr)} >= {"account-finished"}


def test_an_unknown_log_format_is_refused(troubled: Box) -> None:
    done = troubled.auditor("run", "--log-format", "jsn")
    assert done.returncode == 2
    assert "--log-format: unknown value 'jsn' (did you mean 'json'?); known: text, json" in done.stderr


def test_an_external_id_that_is_no_text_is_not_told(troubled: Box, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("external_id: 7700770077\n")
    done = troubled.auditor("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "external_id must be text: put it in quotes" in done.stderr
    assert "7700770077" not in done.stderr
