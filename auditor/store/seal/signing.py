"""Signs a sealed snapshot: the signature beside the manifest, and its own line among the checksums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from auditor.errors import AuditorError, DifferenceError
from auditor.store.checksums import EVIDENCE_FILE, stamp_at
from auditor.store.files import write_bytes
from auditor.store.journal import NAME as JOURNAL
from auditor.store.seal.contents import FolderContents
from auditor.store.seal.differences import Difference
from auditor.store.seal.signature import PublicKey, Signature, Signer
from auditor.store.seal.verifying import verify
from auditor.store.snapshot import MANIFEST, SIGNATURE, Snapshot, parse_manifest, sealed_checksums


def sign_snapshot(snapshot: Snapshot, signer: Signer) -> Signature:
    """Write ``manifest.sig`` and name it in ``evidence.sha256``; an earlier signature is replaced.

    What the signer made is verified before it is written. Raises AuditorError.
    """
    folder = snapshot.folder
    message = (folder / MANIFEST).read_bytes()
    key = PublicKey.of_der(signer.public_key)
    made = Signature(signer.algorithm, signer.key_id, key.sha256, signer.sign(message))
    if not key.accepts(made, message):
        raise AuditorError(f"{signer.key_id} made a signature that does not match its own public key")
    write_bytes(folder / SIGNATURE, made.content())
    manifest = parse_manifest(folder, message)
    journal = manifest.journal or stamp_at(folder / JOURNAL)  # older versions did not tell of it
    lines = sealed_checksums(replace(manifest, journal=journal), message, made.content())
    write_bytes(folder / EVIDENCE_FILE, lines)
    return made


def refuse_changed(folder: Path) -> None:
    """Raise DifferenceError when the evidence is not as it was sealed: nobody should sign that.

    Reports do not matter here, nor does an earlier signature, or one that was cut off while it was written.
    """
    if not (folder / MANIFEST).is_file():
        Snapshot.open(folder)  # says why it is none
    found = verify(FolderContents(folder))
    about = {MANIFEST, EVIDENCE_FILE, JOURNAL}
    serious = [d for d in found.differences if d.name in about or d.name.startswith("evidence/")]
    refuse(folder, [d for d in serious if SIGNATURE not in d.message], "cannot be signed")


def refuse(where: Path, differences: Iterable[Difference], what: str) -> None:
    """Raise DifferenceError for the first of ``differences``."""
    found = list(differences)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise DifferenceError(
            f"{where} {what}, it was changed after it was sealed: {found[0].name}: {found[0].message}{more}; "
            f"'auditor verify {where}' lists everything"
        )
