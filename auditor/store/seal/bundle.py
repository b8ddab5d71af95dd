"""One zip with a whole snapshot, its reports and how to verify them; the same snapshot gives the same bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from auditor.errors import SnapshotError
from auditor.store.checksums import EVIDENCE_FILE, REPORTS_FILE, checksum_lines, stamp_at
from auditor.store.files import atomic_path
from auditor.store.seal.contents import FolderContents
from auditor.store.seal.differences import Verified
from auditor.store.seal.readme import readme
from auditor.store.seal.signature import PublicKey, Signature
from auditor.store.seal.signing import refuse
from auditor.store.seal.verifying import verify
from auditor.store.seal.witnesses import BUNDLE_FILE, PUBLIC_KEY, README
from auditor.store.seal.zipped import ZipContents
from auditor.store.snapshot import SIGNATURE, Snapshot

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that zip can say
_UNIX, _PRIVATE_FILE = 3, 0o100600 << 16
_OURS = {BUNDLE_FILE, README, PUBLIC_KEY}


def write_bundle(
    folder: Path, target: Path | None = None, public_key: PublicKey | None = None
) -> tuple[Path, Verified]:
    """Write the bundle of a snapshot, 0600, beside its folder or to ``target``; also what verifying it told.

    What was written is verified before it gets its name. Raises SnapshotError, and DifferenceError when the snapshot
    is not as it was sealed.
    """
    snapshot = Snapshot.open(folder)
    contents = FolderContents(folder)
    refuse(folder, verify(contents, public_key).differences, "cannot be bundled")
    name = snapshot.manifest.snapshot_id
    target = target or folder.resolve().parent / f"{name}.zip"
    _refuse_inside(folder, target)
    made = _files_beside(folder, snapshot, public_key)
    with atomic_path(target) as temporary:
        with ZipFile(temporary, "w") as archive:
            for path in sorted({*contents.files, *made} - (_OURS - set(made))):
                _add(archive, f"{name}/{path}", made.get(path, folder / path))
        with ZipContents(temporary) as bundled:
            found = verify(bundled, public_key)
        refuse(folder, found.differences, "cannot be bundled")
    return target, found


def _files_beside(folder: Path, snapshot: Snapshot, public_key: PublicKey | None) -> Mapping[str, bytes]:
    """What a bundle has beside the snapshot."""
    root, signature = snapshot.manifest_sha256(), None
    if (folder / SIGNATURE).is_file():
        signature = Signature.parse((folder / SIGNATURE).read_bytes())
    reports = (folder / REPORTS_FILE).is_file()
    text = readme(snapshot.manifest, root, signature, reports=reports, has_key=public_key is not None).encode()
    made = {README: text} | ({PUBLIC_KEY: public_key.pem} if public_key else {})
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}
    sums |= {name: stamp_at(folder / name).sha256 for name in _checksum_files(folder)}
    return made | {BUNDLE_FILE: checksum_lines(sums)}


def _checksum_files(folder: Path) -> Iterator[str]:
    """The checksum files, which list all the rest."""
    return (name for name in (EVIDENCE_FILE, REPORTS_FILE) if (folder / name).is_file())


def _refuse_inside(folder: Path, target: Path) -> None:
    if target.resolve().is_relative_to(folder.resolve()):
        raise SnapshotError(
            f"{target} lies in the snapshot, which a bundle must not add to; name another place with --to"
        )
    if target.is_dir():
        raise SnapshotError(f"{target} is a folder; name a file with --to")


def _add(archive: ZipFile, name: str, content: bytes | Path) -> None:
    """An entry without the clock and the permissions of this machine."""
    entry = ZipInfo(name, date_time=_EPOCH)
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, _UNIX, _PRIVATE_FILE
    if isinstance(content, bytes):
        archive.writestr(entry, content)
        return
    entry.file_size = content.stat().st_size  # decides whether the entry needs the 64-bit form
    with content.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 1 << 20)
