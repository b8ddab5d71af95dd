"""Signing with an asymmetric key of KMS: the private key never leaves it, and only a digest is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from auditor.aws.calls import Calls
from auditor.aws.session import open_clients
from auditor.errors import EvidenceError, KeyFileError

# Those of a SHA-256 digest, the better one first. Ed25519 is not among them: KMS signs whole messages with it, of 4,096
# bytes at most, which a manifest exceeds.
_ALGORITHMS = ("ECDSA_SHA_256", "RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256")
_REGION = re.compile(r"arn:[^:]+:kms:([^:]+):")
_DRY = "DryRunOperationException"
"""What KMS answers to a dry run of something that it would do."""


@dataclass(frozen=True)
class KmsKey:
    """A key that may sign; ``public_key`` is a DER SubjectPublicKeyInfo, ``arn`` what KMS calls it."""

    arn: str
    algorithm: str
    public_key: bytes


@dataclass(frozen=True)
class Kms:
    """The caller's way to one key, named by id, alias or ARN; an ARN names its region too."""

    key: str
    profile: str | None = None
    region: str | None = None

    async def look_up(self) -> KmsKey:
        """What the key is, and that the caller may sign with it. Raises KeyFileError, AccessError."""
        async with self._calling() as call:
            found = await call("get_public_key", KeyId=self.key)
            algorithm = self._algorithm(found)
            try:
                await call("sign", **self._request(found["KeyId"], algorithm, b"a dry run"), DryRun=True)
            except EvidenceError as error:
                if error.code != _DRY:
                    raise
        return KmsKey(found["KeyId"], algorithm, found["PublicKey"])

    async def sign(self, key: KmsKey, message: bytes) -> bytes:
        """The signature over ``message``. Raises KeyFileError, AccessError."""
        async with self._calling() as call:
            signed = await call("sign", **self._request(key.arn, key.algorithm, message))
        signature: bytes = signed["Signature"]
        return signature

    def _request(self, key_id: str, algorithm: str, message: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(message).digest()
        return {"KeyId": key_id, "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": algorithm}

    def _algorithm(self, found: Mapping[str, Any]) -> str:
        able = found.get("SigningAlgorithms") or ()
        for algorithm in _ALGORITHMS:
            if algorithm in able:
                return algorithm
        what = f"{found.get('KeySpec', 'unknown')}, {found.get('KeyUsage', 'unknown use')}"
        raise KeyFileError(f"the KMS key {self.key} ({what}) signs by none of {', '.join(_ALGORITHMS)}")

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator[Any]:
        in_arn = _REGION.match(self.key)
        async with open_clients(self.profile, self.region, 1) as clients:
            client = await clients.client("kms", in_arn[1] if in_arn else None)
            calls = Calls(1)

            async def call(operation: str, **parameters: Any) -> Mapping[str, Any]:
                return await calls("sign", getattr(client, operation), clients.caller_credentials, **parameters)

            try:
                yield call
            except EvidenceError as error:
                told = f"{error.code}: {error.message}"
                raise KeyFileError(f"the KMS key {self.key} cannot be used ({told})") from error
