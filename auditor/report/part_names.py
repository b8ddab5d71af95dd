"""Names of folders for owners, whatever they are called: safe on every disk, and no two alike."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

_LONGEST = 80  # bytes; disks take 255, and paths have an end as well
# Names of devices on Windows, with any ending.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def folder_names(owners: Sequence[str]) -> list[str]:
    """A name for each owner, in their order: its letters and digits, all else a dash.

    An owner that nothing else would tell from another, or whose name is too long or of a device, gets a few digits of
    its SHA-256, so that the same owner has the same folder again.
    """
    plain = [_plain(owner) for owner in owners]
    keys = [_key(name) for name in plain]
    alike = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()
    return [
        name if key not in alike and _is_good(name) else _numbered(name, owner)
        for owner, name, key in zip(owners, plain, keys, strict=True)
    ]


def _plain(owner: str) -> str:
    text = unicodedata.normalize("NFC", owner)
    letters = "".join(c if c.isalnum() or c in "._" else "-" for c in text)
    while "--" in letters:
        letters = letters.replace("--", "-")
    return letters.strip(".-_")


def _key(name: str) -> str:
    """Equal for names that some disk takes for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_good(name: str) -> bool:
    return 0 < len(name.encode()) <= _LONGEST and name.partition(".")[0].lower() not in _DEVICES


def _numbered(name: str, owner: str) -> str:
    start = name.encode()[:_LONGEST].decode(errors="ignore").rstrip(".-_") or "part"
    if start.partition(".")[0].lower() in _DEVICES:
        start = f"part-{start}"
    return f"{start}-{hashlib.sha256(owner.encode()).hexdigest()[:12]}"
