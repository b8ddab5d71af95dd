"""Where the files of the catalogue lie, and one hash of all their bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditor.plugins import ADDED_CATALOGS, Plugin, plugins

_PACKAGE = Path(__file__).resolve().parent


def config_folder() -> Path:
    """The shipped catalogue: inside the package when installed from a wheel, beside it in a checkout."""
    installed = _PACKAGE / "_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"


def catalog_folders() -> tuple[Path, ...]:
    """The shipped catalogue, then those that other installed packages bring (entry points ``auditor.catalogs``)."""
    return (config_folder(), *(_folder_of(plugin) for plugin in plugins(ADDED_CATALOGS)))


def catalog_files_sha256(*more: Path) -> str:
    """SHA-256 of all YAML files of the catalogue and the folders ``more``: quicker than reading them as a catalogue."""
    digest = hashlib.sha256()
    for number, folder in enumerate((*catalog_folders(), *more)):
        for path in sorted(folder.rglob("*.yaml")):
            content = path.read_bytes() if path.is_file() else b""
            digest.update(f"{number}/{path.relative_to(folder).as_posix()}:{len(content)}\n".encode() + content)
    return digest.hexdigest()


def _folder_of(plugin: Plugin) -> Path:
    found = plugin.load()
    if not isinstance(found, Path) or not found.is_dir():
        raise plugin.problem(f"must be the pathlib.Path of a folder, not {found!r:.100}")
    return found
