"""Detached signatures over the exact bytes of ``manifest.json``: how they are written, and how they are verified."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from auditor.errors import KeyFileError
from auditor.store.seal.keys import read_key_file

if TYPE_CHECKING:  # loaded where it is used: most commands need no cryptography
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

ED25519, ECDSA = "Ed25519", "ECDSA_SHA_256"
RSA_PSS, RSA_PKCS1 = "RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"
ALGORITHMS = (ED25519, ECDSA, RSA_PSS, RSA_PKCS1)
"""All but the first are named as KMS names them."""

_KEYS = {"algorithm", "key_id", "public_key_sha256", "signature", "signed"}


class Signer(Protocol):
    """Whoever holds a private key. ``public_key`` is a DER SubjectPublicKeyInfo."""

    @property
    def algorithm(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``. Raises AuditorError."""


@dataclass(frozen=True)
class Signature:
    """What ``manifest.sig`` holds; ``key_id`` is a file's name or the ARN of a KMS key."""

    algorithm: str
    key_id: str
    public_key_sha256: str
    signature: bytes

    def content(self) -> bytes:
        """The one way to write it: JSON with a key a line."""
        facts = {
            "algorithm": self.algorithm,
            "key_id": self.key_id,
            "public_key_sha256": self.public_key_sha256,
            "signature": base64.b64encode(self.signature).decode(),
            "signed": "manifest.json",
        }
        return json.dumps(facts, indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> Signature:
        """Raises ValueError, in words, for anything that ``content`` would not have written."""
        try:
            facts = json.loads(content)
            if not isinstance(facts, dict) or set(facts) != _KEYS:
                raise ValueError
            raw = base64.b64decode(facts["signature"], validate=True)
            found = cls(facts["algorithm"], facts["key_id"], facts["public_key_sha256"], raw)
            if found.content() != content or found.algorithm not in ALGORITHMS or not found.key_id.isprintable():
                raise ValueError
        except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
            raise ValueError("it is not a signature that this program writes") from None
        return found


@dataclass(frozen=True)
class PublicKey:
    """A key to verify with; ``der`` is its SubjectPublicKeyInfo, ``pem`` the same as text."""

    der: bytes
    pem: bytes

    @classmethod
    def read(cls, path: Path) -> PublicKey:
        """Raises KeyFileError for anything but a public key in PEM."""
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        content = read_key_file(path)
        if b"PRIVATE KEY" in content:
            raise KeyFileError(f"{path} is a private key; 'openssl pkey -in {path} -pubout' prints the public key")
        try:
            return cls._of(load_pem_public_key(content))
        except Exception as error:  # whatever is wrong with bytes of other hands
            raise KeyFileError(f"{path} has no usable public key in PEM format") from error

    @classmethod
    def of_der(cls, der: bytes) -> PublicKey:
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        return cls._of(load_der_public_key(der))

    @classmethod
    def _of(cls, key: PublicKeyTypes) -> PublicKey:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        form = PublicFormat.SubjectPublicKeyInfo
        return cls(key.public_bytes(Encoding.DER, form), key.public_bytes(Encoding.PEM, form))

    @property
    def sha256(self) -> str:
        """Its fingerprint: ``openssl pkey -pubin -outform DER | sha256sum`` prints the same."""
        return hashlib.sha256(self.der).hexdigest()

    def accepts(self, found: Signature, message: bytes) -> bool:
        """Whether this key made the signature over ``message``."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        key, sha = load_der_public_key(self.der), SHA256()
        try:
            match key, found.algorithm:
                case ed25519.Ed25519PublicKey(), "Ed25519":
                    key.verify(found.signature, message)
                case ec.EllipticCurvePublicKey(), "ECDSA_SHA_256":
                    key.verify(found.signature, message, ec.ECDSA(sha))
                case rsa.RSAPublicKey(), "RSASSA_PSS_SHA_256":
                    pss = padding.PSS(padding.MGF1(sha), padding.PSS.AUTO)
                    key.verify(found.signature, message, pss, sha)
                case rsa.RSAPublicKey(), "RSASSA_PKCS1_V1_5_SHA_256":
                    key.verify(found.signature, message, padding.PKCS1v15(), sha)
                case _:
                    return False
        except InvalidSignature:
            return False
        return True
