"""What must be the same on every machine that judges, because the bytes of a report could depend on it."""

from __future__ import annotations

import hashlib
import platform
import socket
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import auditor
from auditor.errors import ClusterError
from auditor.plugins import ADDED_KINDS, plugins

Environment = Mapping[str, str]
"""Name of a package -> its version."""
_PACKAGES = ("numpy", "pandas", "pyarrow", "duckdb", "sqlglot", "distributed")
_PROGRAM = "aws-org-auditor"
_NONE = "none"


@cache
def environment() -> Environment:
    """Of this process: Python, this program, the packages that judge, and those that add kinds of evidence.

    Two checkouts may have the same version and other code, so the program is told by its code too.
    """
    program = f"{auditor.__version__} (code {_code_sha256()[:12]})"
    packages = {name: _version(name) for name in _PACKAGES}
    added = {plugin.package: plugin.version for plugin in plugins(ADDED_KINDS)}
    return {"Python": platform.python_version(), _PROGRAM: program, **packages, **added}


def refuse_another(found: Environment, wanted: Environment, where: str) -> None:
    """Raise ClusterError where a process has other versions than the command."""
    differences = [
        f"{name} {found.get(name, _NONE)} and this command {wanted.get(name, _NONE)}"
        for name in dict.fromkeys((*wanted, *found))
        if found.get(name) != wanted.get(name)
    ]
    if differences:
        raise ClusterError(
            f"{where} has {', '.join(differences)}, so the bytes of a report could differ; start the scheduler, the "
            "workers and this command with the same image"
        )


def this_process() -> str:
    """``a worker on the host ip-10-0-3-7``"""
    return f"a worker on the host {socket.gethostname()}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _NONE


def _code_sha256() -> str:
    folder = Path(auditor.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
