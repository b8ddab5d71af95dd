"""Evidence that can be proven: snapshots verified, chained, signed and bundled, offline."""

from auditor.store.seal.bundle import write_bundle
from auditor.store.seal.chain import verify_folder
from auditor.store.seal.differences import Difference, Kind, Verified
from auditor.store.seal.keys import PASSPHRASE_VARIABLE, FileSigner, readable_by_others
from auditor.store.seal.signature import PublicKey, Signature, Signer
from auditor.store.seal.signing import refuse_changed, sign_snapshot
from auditor.store.seal.verifying import verify
from auditor.store.seal.zipped import ZipContents

__all__ = [
    "PASSPHRASE_VARIABLE",
    "Difference",
    "FileSigner",
    "Kind",
    "PublicKey",
    "Signature",
    "Signer",
    "Verified",
    "ZipContents",
    "readable_by_others",
    "refuse_changed",
    "sign_snapshot",
    "verify",
    "verify_folder",
    "write_bundle",
]
