"""The sign command, and the key that ``--sign`` names: looked at before anything is collected."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import remark
from auditor.cli.loop import run_async
from auditor.cli.options import CONFIG, WHO, options, settings_from
from auditor.errors import AuditorError, UnsignedError
from auditor.settings import Settings
from auditor.settings.values import KMS_PREFIX

if TYPE_CHECKING:  # cryptography and the AWS SDK are loaded where they are used
    from auditor.aws.signing import Kms, KmsKey
    from auditor.store.seal import Signer
    from auditor.store.snapshot import Snapshot

_WHOSE = WHO[:2]  # --profile and --region


@dataclass(frozen=True)
class KmsSigner:
    """A key of KMS as something that signs; each signature is a call."""

    kms: Kms
    key: KmsKey

    @property
    def algorithm(self) -> str:
        return self.key.algorithm

    @property
    def key_id(self) -> str:
        return self.key.arn

    @property
    def public_key(self) -> bytes:
        return self.key.public_key

    def sign(self, message: bytes) -> bytes:
        return run_async(self.kms.sign(self.key, message))


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option(
    "--key", metavar="KEY", required=True, help="Ed25519 private key (PEM file), or awskms:ID of an asymmetric KMS key"
)
@options(CONFIG, *_WHOSE)
def sign(snapshot: Path, key: str, **given: Any) -> None:
    """Sign SNAPSHOT, which must be as it was sealed; an earlier signature is replaced.

    The signature is detached: manifest.sig, over the exact bytes of manifest.json, which lists the hash of all
    evidence. 'auditor verify --public-key FILE' checks it offline. A passphrase is taken from AUDITOR_SIGN_PASSPHRASE,
    or asked for.

    \b
    openssl genpkey -algorithm ed25519 -out key.pem
    openssl pkey -in key.pem -pubout -out public-key.pem
    auditor sign SNAPSHOT --key key.pem
    """
    from auditor.cli.reporting import show_snapshot
    from auditor.store.seal import refuse_changed, sign_snapshot
    from auditor.store.snapshot import Snapshot

    settings = settings_from(given | {"sign": key})
    refuse_changed(snapshot)
    signer = signer_of(settings)
    opened = Snapshot.open(snapshot)
    if signer:
        made = sign_snapshot(opened, signer)
        print(f"signed by {made.key_id} ({made.algorithm}, public key {made.public_key_sha256})")
    show_snapshot(opened)


def signer_of(settings: Settings) -> Signer | None:
    """Who signs, None where nobody shall. Raises KeyFileError or AccessError, before anything is collected."""
    if settings.sign is None:
        return None
    if settings.sign.startswith(KMS_PREFIX):
        return _kms_signer(settings, settings.sign.removeprefix(KMS_PREFIX))
    from auditor.store.seal import FileSigner, readable_by_others

    path = Path(settings.sign)
    signer = FileSigner.read(path, _passphrase)
    if readable_by_others(path) and not settings.quiet:
        remark(f"the key {path} can be read by other users; run 'chmod 600 {path}'")
    return signer


def sign_collected(snapshot: Snapshot, signer: Signer | None) -> None:
    """Sign what was just sealed. Raises UnsignedError, as the snapshot itself is fine."""
    if signer is None:
        return
    from auditor.store.seal import sign_snapshot

    try:
        sign_snapshot(snapshot, signer)
    except AuditorError as error:
        raise UnsignedError(str(error), snapshot.folder) from error


def _kms_signer(settings: Settings, key: str) -> KmsSigner:
    from auditor.aws.signing import Kms

    kms = Kms(key, settings.profile, settings.region)
    return KmsSigner(kms, run_async(kms.look_up()))


def _passphrase(path: Path) -> str | None:
    """From the environment, else from a person; None where there is neither."""
    from auditor.store.seal.keys import passphrase_of_environment

    given = passphrase_of_environment()
    if given is not None or not sys.stdin.isatty():
        return given
    asked: str = click.prompt(f"passphrase of {path}", hide_input=True, err=True)
    return asked
