"""The key of pseudonyms: who has it can tell whom they stand for."""

from __future__ import annotations

import base64
import binascii
import hmac
import stat
from pathlib import Path

from auditor.errors import ConfigurationError

_LENGTH = 32  # bytes
_DISTINCT = 16  # of 32 random bytes about 30 differ; fewer than this happens by chance never
_LARGEST = 4096  # bytes of a file; whatever is larger is no key
_MAKE_ONE = "create one: openssl rand -hex 32 > FILE"


def read_key(file: Path) -> bytes:
    """At least 32 random bytes, in hexadecimal digits, base64 or as they are.

    Raises ConfigurationError for a file that is missing, too short, or holds something else: a password is no key.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file}: the key cannot be read: {error.strerror}; {_MAKE_ONE}") from error
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{file}: a key has 32 random bytes, this file more than {_LARGEST:,}; {_MAKE_ONE}")
    key = _decoded(content)
    if key is None:
        raise ConfigurationError(
            f"{file}: a key is random bytes (hexadecimal, base64 or binary); this file is other text; {_MAKE_ONE}"
        )
    if len(key) < _LENGTH:
        raise ConfigurationError(f"{file}: a key has at least {_LENGTH} bytes, this one {len(key)}; {_MAKE_ONE}")
    if len(set(key)) < _DISTINCT:
        raise ConfigurationError(f"{file}: these bytes are not random; {_MAKE_ONE}")
    return key


def is_open_to_others(file: Path) -> bool:
    """Whether others on this machine may read the key."""
    return bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def fingerprint(key: bytes) -> str:
    """Tells keys apart without telling them: 16 hexadecimal digits."""
    return hmac.digest(key, b"fingerprint of the key of pseudonyms", "sha256").hex()[:16]


def _decoded(content: bytes) -> bytes | None:
    """The bytes that a text stands for, or the content where it is no text; None for another text."""
    try:
        text = "".join(content.decode("ascii").split())
    except UnicodeDecodeError:
        return content
    if not text.isprintable():
        return content
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            return decode(text)
        except (ValueError, binascii.Error):
            continue
    return None
