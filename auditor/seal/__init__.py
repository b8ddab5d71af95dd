"""Evidence that can be proven: snapshots verified, chained, signed and bundled, offline."""

from auditor.seal.bundle import write_bundle
from auditor.seal.chain import verify_folder
from auditor.seal.differences import Difference, Kind, Verified
from auditor.seal.keys import PASSPHRASE_VARIABLE, FileSigner, readable_by_others
from auditor.seal.signature import PublicKey, Signer
from auditor.seal.signing import refuse_changed, sign_snapshot
from auditor.seal.verifying import verify
from auditor.seal.zipped import ZipContents

__all__ = [
    "PASSPHRASE_VARIABLE",
    "Difference",
    "FileSigner",
    "Kind",
    "PublicKey",
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
