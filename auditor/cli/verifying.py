"""The commands verify and bundle: evidence proven, and handed on so that others can prove it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.console import busy, plain, remark
from auditor.cli.tables import show_sentence

if TYPE_CHECKING:  # what verifies is loaded where it is used
    from auditor.store.seal import PublicKey, Verified

_FILE = click.Path(path_type=Path)
_PUBLIC_KEY = click.option("--public-key", metavar="FILE", type=_FILE, help="Public key (PEM) of the signer")


@click.command()
@click.argument("snapshot", type=_FILE)
@_PUBLIC_KEY
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="text or json  [text]")
def verify(snapshot: Path, public_key: Path | None, form: str) -> int:
    """Check whether SNAPSHOT is unchanged since it was sealed; list what was changed, is missing or was added.

    SNAPSHOT is a snapshot, a bundle of one (a zip, which is not unpacked), or a folder of snapshots, whose chain is
    verified too: each names the root hash of the one before. Exit code 7 when there is any difference. With
    --public-key, a snapshot that is not signed by that key is a difference. Nothing is written, and nothing is called.
    """
    key = _key(public_key)
    with busy("verifying", quiet=False):
        found = _verified(snapshot, key)
    if form == "json":
        print(
            json.dumps(
                {"snapshots": [v.facts() for v in found], "unchanged": all(v.unchanged for v in found)}, indent=2
            )
        )
    else:
        _show(found)
    return 0 if all(v.unchanged for v in found) else 7


@click.command()
@click.argument("snapshot", type=_FILE)
@click.option("--to", metavar="FILE", type=_FILE, help="The zip to write  [SNAPSHOT.zip, beside the snapshot]")
@_PUBLIC_KEY
def bundle(snapshot: Path, to: Path | None, public_key: Path | None) -> None:
    """Put SNAPSHOT into one zip: evidence, manifest, checksums, signature, reports, and how to verify them.

    The same snapshot gives the same bytes. Refused, with exit code 7, when it is not as it was sealed. README.txt in it
    tells an auditor how to verify it with sha256sum and openssl; 'auditor verify' takes the zip as it is.
    """
    from auditor.store.seal import write_bundle

    path, found = write_bundle(snapshot, to, _key(public_key))
    if public_key is None and found.signature != "not signed":
        remark("the signature was not checked and the public key is not in the bundle; give --public-key")
    print(f"root hash: {found.root}")
    print(plain(path))


def _key(path: Path | None) -> PublicKey | None:
    from auditor.store.seal import PublicKey

    return PublicKey.read(path) if path else None


def _verified(path: Path, key: PublicKey | None) -> Sequence[Verified]:
    from auditor.store.seal import ZipContents, verify_folder
    from auditor.store.seal import verify as verify_one

    if path.is_file():
        with ZipContents(path) as contents:
            return (verify_one(contents, key),)
    return verify_folder(path, key)


def _show(found: Sequence[Verified]) -> None:
    for verified in found:
        state = "unchanged" if verified.unchanged else f"CHANGED since it was sealed, {_counted(verified)}"
        print(f"{plain(verified.where)}: {state}; {verified.files:,} files, {plain(verified.signature)}")
        if verified.root:
            print(f"  root hash: {verified.root}")
        for difference in verified.differences:
            show_sentence(f"  {difference.kind.value}: {difference.name}: {difference.message}")
        for note in verified.notes:
            show_sentence(f"  note: {note}")
    if len(found) > 1:
        organizations = len({v.organization_id for v in found if v.organization_id})
        changed = sum(not v.unchanged for v in found)
        chains = "1 organization" if organizations == 1 else f"{organizations} organizations, a chain each"
        print(f"{len(found)} snapshots of {chains}: {len(found) - changed} unchanged, {changed} not")


def _counted(verified: Verified) -> str:
    count = len(verified.differences)
    return "1 difference" if count == 1 else f"{count:,} differences"
