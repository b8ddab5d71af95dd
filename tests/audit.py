"""Asks whether the locked dependencies have known vulnerabilities, and says so when nobody could be asked.

    python -m tests.audit      exit 1 when there are some; 0 when there are none, or when no index can be reached

pip-audit calls a package that an index does not know "skipped" and ends well: behind a mirror without such a service
that would be every package, and "no known vulnerabilities" a lie. So what was not looked at is counted and told.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.sbom import LOCK

_COMMAND = ("-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")
_UNREACHABLE = "not audited: no index with known vulnerabilities can be reached from here"


def main() -> int:
    """Ask, tell, and return the exit code."""
    done = subprocess.run(
        [sys.executable, *_COMMAND, "--requirement", str(LOCK)], capture_output=True, text=True, check=False
    )
    try:
        audited = json.loads(done.stdout)["dependencies"]
    except ValueError:  # it broke off before it could tell anything
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return _tell([f"{_UNREACHABLE} ({reason})"], 0)
    lines, code = verdict(audited)
    return _tell(lines, code)


def verdict(audited: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit tells of each package, as sentences and an exit code."""
    skipped = [entry for entry in audited if "skip_reason" in entry]
    looked_at = len(audited) - len(skipped)
    found = [
        f"{entry['name']} {entry['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version'}"
        for entry in audited
        for flaw in entry.get("vulns", ())
    ]
    if not looked_at:
        return [f"{_UNREACHABLE} (all {len(skipped)} packages are unknown to it)"], 0
    lines = [*found, f"{looked_at} packages audited, {len(found)} known vulnerabilities"]
    if skipped:
        lines.append(f"not audited: {', '.join(entry['name'] for entry in skipped)}")
    return lines, int(bool(found))


def _tell(lines: Sequence[str], code: int) -> int:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return code


if __name__ == "__main__":
    sys.exit(main())
