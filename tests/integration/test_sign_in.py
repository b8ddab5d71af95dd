"""Source identity, session tags and MFA for the base session; SSO and web identity as in any AWS tool."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.sessions import BASE_KEY, BASE_SECRET, BASE_TOKEN
from tests.boxed import AS_OF, Box, Completed, command, error_line

CODE = "394857"
TAGS = {"ticket": "AUD-7", "team": "risk"}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@contextmanager
def served(**options: Any) -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=6, users=2, as_of=AS_OF, faulty=False, **options))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def settings(folder: Path, **values: Any) -> Path:
    file = folder / "auditor.yaml"
    file.write_text(json.dumps({"benchmark": "aws-iam-rules", "format": "csv"} | values))
    return file


def test_source_identity_and_session_tags_go_with_every_role(tmp_path: Path) -> None:
    settings(tmp_path, source_identity="ann.example", session_tags=TAGS)
    with served(source_identity="ann.example", session_tags=TAGS) as box:
        result = box.auditor("run", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert box.sandbox.requests["AssumeRole"] == len(box.sandbox.organization.active) - 1


@pytest.mark.parametrize(
    ("given", "action"),
    [({"source_identity": "ann.example"}, "sts:SetSourceIdentity"), ({"session_tags": TAGS}, "sts:TagSession")],
)
def test_a_role_that_takes_none_is_told_by_the_check(given: dict[str, Any], action: str, tmp_path: Path) -> None:
    settings(tmp_path, **given)
    with served() as box:
        result = box.auditor("accounts", "--check-permissions", "--format", "json", cwd=tmp_path)
    missing = [lack["action"] for row in json.loads(result.stdout) for lack in row["missing"]]
    assert missing == [action] * 4  # two of the six accounts: the caller's own and one that is closed
    assert result.returncode == 4


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"source_identity": "ann example"}, "source_identity: 'ann example' is not a source identity"),
        ({"session_tags": {"aws:x": "1"}}, "session_tags: 'aws:x': names that begin with aws: are kept for AWS"),
        ({"session_tags": {"a;b": "1"}}, "session_tags: 'a;b' and its value are not a tag"),
        ({"session_tags": {str(n): "1" for n in range(51)}}, "session_tags: a session takes 50 tags, not 51"),
        ({"root_audit": "assume-rot"}, "did you mean 'assume-root'?"),
    ],
)
def test_what_sts_would_not_take_is_told_before_any_call(values: dict[str, Any], told: str, tmp_path: Path) -> None:
    settings(tmp_path, **values)
    with served() as box:
        result = box.auditor("accounts", cwd=tmp_path)
        assert told in error_line(result)
        assert (result.returncode, dict(box.sandbox.requests)) == (2, {})


# --- MFA ---


@pytest.fixture
def mfa(tmp_path: Path) -> Iterator[tuple[Box, dict[str, str]]]:
    """A profile whose role is assumed with the code of a device."""
    member = Sandbox(SandboxOptions(accounts=6, users=2, as_of=AS_OF, faulty=False)).organization.active[1].id
    with served(caller_account=member, mfa_code=CODE) as box:
        config = tmp_path / "config"
        config.write_text(
            "[profile base]\n"
            f"aws_access_key_id = {BASE_KEY}\naws_secret_access_key = {BASE_SECRET}\n"
            "[profile guarded]\nsource_profile = base\n"
            f"role_arn = arn:aws:iam::{member}:role/OrganizationAccountAccessRole\n"
            f"mfa_serial = arn:aws:iam::{member}:mfa/ann\n"
        )
        environment = {k: v for k, v in box.environment().items() if k not in KEYS}
        yield box, environment | {"AWS_CONFIG_FILE": str(config)}


def at_a_terminal(environment: dict[str, str], folder: Path, typed: str, *arguments: str) -> tuple[Completed, str]:
    """The command with a terminal of its own, at which ``typed`` is typed once it asks; what stood there."""
    master, slave = os.openpty()
    # The first terminal that a session leader opens becomes its own.
    line = f"exec {shlex.join(map(str, command(arguments)))} < {os.ttyname(slave)}"
    process = subprocess.Popen(
        ["/bin/sh", "-c", line],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    shown = ""
    while "MFA code" not in shown:
        shown += os.read(master, 1000).decode()
    os.write(master, f"{typed}\n".encode())
    output, errors = process.communicate(timeout=60)
    os.set_blocking(master, False)
    with suppress(OSError):
        shown += os.read(master, 10_000).decode()
    os.close(slave)
    os.close(master)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors), shown


def test_the_code_of_an_mfa_device_is_asked_for_and_written_nowhere(
    mfa: tuple[Box, dict[str, str]], tmp_path: Path
) -> None:
    box, environment = mfa
    settings(tmp_path)
    result, shown = at_a_terminal(environment, tmp_path, CODE, "run", "--profile", "guarded", "--verbose")
    assert result.returncode == 4, result.stderr  # the management account does not let a member in
    assert "Enter MFA code for arn:aws:iam::" in shown
    assert box.sandbox.requests["GetCredentialReport"] > 0
    assert CODE not in shown + result.stdout + result.stderr
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or CODE.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("39 48", "an MFA code has six digits"),
        ("111111", "AWS refused AssumeRole to profile 'guarded' (AccessDenied: MultiFactorAuthentication failed"),
    ],
)
def test_a_wrong_code_is_told_in_one_sentence(
    typed: str, told: str, mfa: tuple[Box, dict[str, str]], tmp_path: Path
) -> None:
    result, _ = at_a_terminal(mfa[1], tmp_path, typed, "accounts", "--profile", "guarded")
    assert told in error_line(result)
    assert typed not in result.stderr
    assert result.returncode == 3


def without_a_terminal(environment: dict[str, str], folder: Path, *arguments: str) -> Completed:
    return subprocess.run(
        command(arguments),
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )


def test_without_a_terminal_the_code_cannot_be_asked_for(mfa: tuple[Box, dict[str, str]], tmp_path: Path) -> None:
    result = without_a_terminal(mfa[1], tmp_path, "accounts", "--profile", "guarded")
    assert "there is no terminal to ask for it" in error_line(result)
    assert result.returncode == 3
    assert mfa[0].sandbox.requests.total() == 0


# --- SSO ---

START = "https://example.awsapps.com/start"


class Portal(BaseHTTPRequestHandler):
    """What gives credentials to whom has a token of an SSO login."""

    def do_GET(self) -> None:
        good = self.headers.get("x-amz-sso_bearer_token") == "good-token"
        later = (datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000
        given = {"accessKeyId": BASE_KEY, "secretAccessKey": BASE_SECRET, "sessionToken": BASE_TOKEN}
        body = json.dumps({"roleCredentials": given | {"expiration": int(later)}} if good else {"message": "no"})
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        if not good:
            self.send_header("x-amzn-ErrorType", "UnauthorizedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def portal() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Portal)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


CONFIGS = {
    "session": (
        "[profile work]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = Audit\n"
        f"[sso-session corp]\nsso_region = us-east-1\nsso_start_url = {START}\n",
        "corp",
    ),
    "legacy": (
        f"[profile work]\nsso_start_url = {START}\nsso_region = us-east-1\n"
        "sso_account_id = 000000000042\nsso_role_name = Audit\n",
        START,
    ),
}


@pytest.fixture
def login(tmp_path: Path, portal: str) -> Callable[..., dict[str, str]]:
    def prepared(box: Box, form: str, token: str, hours: float) -> dict[str, str]:
        """The environment of somebody who has logged in; no file where ``token`` is empty."""
        text, key = CONFIGS[form]
        (tmp_path / "config").write_text(text)
        cache = tmp_path / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True)
        until = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        held = {"startUrl": START, "region": "us-east-1", "accessToken": token, "expiresAt": until}
        if token:
            (cache / f"{hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()}.json").write_text(
                json.dumps(held)
            )
        environment = {k: v for k, v in box.environment().items() if k not in KEYS}
        own = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path), "AWS_ENDPOINT_URL_SSO": portal}
        return environment | own

    return prepared


@pytest.mark.parametrize("form", CONFIGS)
def test_sso_works_as_in_any_aws_tool(form: str, login: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    with served() as box:
        result = without_a_terminal(login(box, form, "good-token", 8), tmp_path, "accounts", "--profile", "work")
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("form", "token", "hours"),
    [
        pytest.param("session", "old-token", -1, id="run out"),
        pytest.param("session", "", 0, id="never made"),
        pytest.param("legacy", "", 0, id="never made, legacy"),
        pytest.param("session", "revoked-token", 8, id="revoked"),
        pytest.param("legacy", "revoked-token", 8, id="revoked, legacy"),
        pytest.param("legacy", "old-token", -1, id="run out, legacy"),
    ],
)
def test_an_sso_login_that_has_run_out_is_told_with_the_command_that_renews_it(
    form: str, token: str, hours: float, login: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """Whether the profile is named by an option or, as for the legacy form here, by a variable."""
    option = ("--profile", "work") if form == "session" else ()
    with served() as box:
        environment = login(box, form, token, hours) | ({} if option else {"AWS_PROFILE": "work"})
        result = without_a_terminal(environment, tmp_path, "accounts", *option)
        assert box.sandbox.requests.total() == 0
    assert error_line(result) == (
        "auditor: the SSO login of profile 'work' is missing or expired; "
        "run 'aws sso login --profile work' and try again"
    )
    assert result.returncode == 3


# --- other ways ---


def test_a_web_identity_whose_token_is_not_there_is_told(tmp_path: Path) -> None:
    with served() as box:
        environment = {k: v for k, v in box.environment().items() if k not in KEYS}
        own = {"AWS_ROLE_ARN": "arn:aws:iam::000000000042:role/ci", "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/token"}
        result = without_a_terminal(environment | own, tmp_path, "accounts")
    assert "the web identity token cannot be read: /no/token: No such file" in error_line(result)
    assert result.returncode == 3


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[profile work]\nrole_arn = x\nsource_profile = none\n", "configuration of profile 'work' is not valid"),
        ("[profile work]\ncredential_process = false\n", "the credentials of profile 'work' could not be fetched"),
        ("[profile other]\n", "'aws configure list-profiles' shows the known ones"),
    ],
)
def test_a_profile_that_gives_no_credentials_is_told(config: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config)
    with served() as box:
        environment = {k: v for k, v in box.environment().items() if k not in KEYS}
        environment |= {"AWS_CONFIG_FILE": str(tmp_path / "config")}
        result = without_a_terminal(environment, tmp_path, "accounts", "--profile", "work")
    assert told in error_line(result)
    assert result.returncode == 3
