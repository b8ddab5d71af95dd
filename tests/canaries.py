"""Secrets that are planted in a run, and the search for them in everything that it leaves."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.sessions import BASE_TOKEN
from tests.boxed import AS_OF, Box, command

SECRET, EXTERNAL_ID, MFA = "canaryBaseSecretKey7f3a9c", "canaryExternalId51d0be", "914273"
# The box hands out secrets and tokens of these shapes.
CANARIES = {
    "base secret": re.compile(SECRET.encode()),
    "base token": re.compile(BASE_TOKEN.encode()),
    "external id": re.compile(EXTERNAL_ID.encode()),
    "assumed secret": re.compile(rb"secret-\d{33}"),
    "assumed token": re.compile(rb"token-ASIA"),
    "mfa code": re.compile(rf"(?<![0-9a-f]){MFA}(?![0-9a-f])".encode()),
    "signature": re.compile(rb"(?i)signature=[0-9a-f]{64}"),
}
PROFILES = f"""[default]
[profile with-mfa]
role_arn = arn:aws:iam::{{account}}:role/OrganizationAccountAccessRole
source_profile = keys
mfa_serial = arn:aws:iam::000000000000:mfa/me
external_id = {EXTERNAL_ID}
[profile keys]
aws_access_key_id = AKIASANDBOXCALLER001
aws_secret_access_key = {SECRET}
"""


@dataclass(frozen=True)
class Place:
    """A box with faults, and folders that are a run's only places to write to."""

    box: Box
    folder: Path

    def run(
        self, arguments: tuple[str, ...], injected: str = "", *, external_id: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """A real process whose streams are kept as files among all the others."""
        given = (*arguments, *(("--external-id", EXTERNAL_ID) if external_id else ()))
        with self.started(given, injected) as process:
            stdout, stderr = process.communicate(MFA.encode(), timeout=60)
        (self.folder / "stdout").write_bytes(stdout)
        (self.folder / "stderr").write_bytes(stderr)
        return subprocess.CompletedProcess(given, process.returncode, stdout, stderr)

    def started(self, arguments: tuple[str, ...], injected: str = "") -> subprocess.Popen[bytes]:
        """A real process with secrets in its environment; ``injected`` is code that it begins with."""
        work, injection = self.folder / "work", self.folder.parent / "injected"
        for name in ("work", "tmp", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        injection.mkdir(exist_ok=True)
        (injection / "sitecustomize.py").write_text(injected)
        (injection / "config").write_text(PROFILES.format(account=self._member()))
        environment = self.box.environment() | {
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": BASE_TOKEN,
            "AWS_CONFIG_FILE": str(injection / "config"),
            "TMPDIR": str(self.folder / "tmp"),
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": os.pathsep.join([str(injection), os.environ.get("PYTHONPATH", "")]),
        }
        if "with-mfa" in arguments:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
                del environment[name]
        pipe = subprocess.PIPE
        return subprocess.Popen(command(arguments), env=environment, cwd=work, stdin=pipe, stdout=pipe, stderr=pipe)

    def leaks(self) -> set[tuple[str, str]]:
        """(canary, file) of all that was found, names of files included."""
        found = set()
        for file in self.folder.rglob("*"):
            content = str(file).encode() + (_content(file) if file.is_file() else b"")
            found |= {(name, file.name) for name, pattern in CANARIES.items() if pattern.search(content)}
        return found

    def _member(self) -> str:
        return next(a.id for a in self.box.sandbox.organization.active if not a.is_management)


def _content(file: Path) -> bytes:
    """A file's bytes, and what is packed into it, as into a workbook, a bundle or a table."""
    packed = [str(pq.read_table(file).to_pydict()).encode()] if file.suffix == ".parquet" else []
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            packed += [archive.read(name) for name in archive.namelist()]
    return b"\n".join([file.read_bytes(), *packed])


@contextmanager
def troubled_box() -> Iterator[Box]:
    """Every kind of trouble that AWS may talk about."""
    quiet = SandboxOptions(accounts=16, users=3, as_of=AS_OF)
    suspicious = next(a.id for a in Sandbox(quiet).organization.active if not a.is_management)
    faults = ("denied", "report-denied", "html", "bad-value", "expires")
    options = SandboxOptions(
        accounts=16,
        users=3,
        as_of=AS_OF,
        external_id=EXTERNAL_ID,
        default_faults=faults,
        faults={suspicious: "bad-signature"},
        throttle_rate=0.1,
    )
    sandbox = Sandbox(options)
    with sandbox.serve() as url:
        yield Box(sandbox, url)
