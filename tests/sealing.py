"""A boxed snapshot that is copied and damaged, for the tests of what is proven."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.store.seal import PublicKey, Verified, verify_folder

ED25519 = ("-algorithm", "ed25519")


def key_pair(folder: Path, *kind: str, name: str = "key") -> tuple[Path, Path]:
    """A private and a public key file, made by openssl as README shows it."""
    private, public = folder / f"{name}.pem", folder / f"{name}-public.pem"
    openssl("genpkey", *(kind or ED25519), "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    private.chmod(0o600)
    return private, public


def openssl(*arguments: str | Path) -> str:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name, symlinks=True))


def files_of(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything that a reader must leave as it was."""
    return {
        str(p): (s.st_mtime_ns, s.st_mode, p.read_bytes() if p.is_file() else b"")
        for p in [folder, *folder.rglob("*")]
        if (s := p.stat())
    }


def verified(folder: Path, key: Path | None = None) -> Verified:
    (found,) = verify_folder(folder, PublicKey.read(key) if key else None)
    return found


def told(folder: Path, key: Path | None = None) -> list[tuple[str, str]]:
    """Kind and file of each difference."""
    return [(d.kind.value, d.name) for d in verified(folder, key).differences]


@contextmanager
def flipped(path: Path, offset: int, bit: int) -> Iterator[None]:
    """One bit of a file turned over for a while."""
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[offset] ^= 1 << bit
    path.write_bytes(damaged)
    try:
        yield
    finally:
        path.write_bytes(whole)


def any_bit(files: list[Path], chance: random.Random) -> tuple[Path, int, int]:
    """A random bit: half the time of a random file, half the time of a random byte of all, so that small files count
    and so do large ones."""
    if chance.random() < 0.5:
        path = chance.choice(files)
    else:
        path = chance.choices(files, [p.stat().st_size for p in files])[0]
    return path, chance.randrange(path.stat().st_size), chance.randrange(8)
