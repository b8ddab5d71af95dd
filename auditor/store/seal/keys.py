"""Ed25519 key files: read before anything is collected, so that a bad one costs no collection."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import KeyFileError

if TYPE_CHECKING:  # loaded where it is used: most commands need no cryptography
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE_VARIABLE = "AUDITOR_SIGN_PASSPHRASE"  # noqa: S105 -- its name, not its value
_LARGEST = 64 << 10  # bytes; a key is far smaller
_MAKE = "'openssl genpkey -algorithm ed25519 -out KEY' makes one"

Ask = Callable[[Path], str | None]
"""Gives the passphrase of a key file, None where nobody can be asked."""


@dataclass(frozen=True)
class FileSigner:
    """Signs with an Ed25519 key that is held in memory; ``key_id`` is the file's name."""

    key_id: str
    public_key: bytes
    _key: Ed25519PrivateKey
    algorithm: str = "Ed25519"

    @classmethod
    def read(cls, path: Path, ask: Ask) -> FileSigner:
        """Raises KeyFileError: one sentence that never quotes what the file holds."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = _private_key(path, read_key_file(path), ask)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(f"{path} is not an Ed25519 key; {_MAKE}")
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(path.name, der, key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def read_key_file(path: Path) -> bytes:
    """The content of a small file. Raises KeyFileError."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise KeyFileError(f"the key {path} cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise KeyFileError(f"{path} is too large to be a key")
    return content


def readable_by_others(path: Path) -> bool:
    """Whether the group or all may read or replace a key that only its owner should know."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def passphrase_of_environment() -> str | None:
    return os.environ.get(PASSPHRASE_VARIABLE)


def _private_key(path: Path, content: bytes, ask: Ask) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"PRIVATE KEY" not in content:
        public = "a public key, and signing needs the private one" if b"PUBLIC KEY" in content else "no key in PEM form"
        raise KeyFileError(f"{path} holds {public}; {_MAKE}")
    try:
        return load_pem_private_key(content, None)
    except TypeError:  # it is encrypted
        return _unlocked(path, content, ask(path))
    except Exception as error:  # whatever is wrong with bytes of other hands
        raise KeyFileError(f"{path} has no usable private key; {_MAKE}") from error


def _unlocked(path: Path, content: bytes, passphrase: str | None) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not passphrase:
        raise KeyFileError(f"{path} is encrypted with a passphrase; set {PASSPHRASE_VARIABLE}, or run it in a terminal")
    try:
        return load_pem_private_key(content, passphrase.encode())
    except Exception:
        # The cause is left out: what it quotes is not ours to vouch for.
        raise KeyFileError(f"the passphrase does not decrypt {path}, or the key in it is damaged") from None
