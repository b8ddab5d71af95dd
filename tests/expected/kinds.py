"""Which kinds of evidence a run collects, and which calls each needs: what goes missing where a call is denied."""

from __future__ import annotations

from collections import defaultdict

from auditor.sandbox.kinds import KINDS

REPORT = "credential-report"
_DENIABLE = tuple(kind for kind in KINDS if kind.is_deniable)


def _operations() -> dict[str, tuple[str, tuple[str, ...]]]:
    needing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for kind in _DENIABLE:
        for operation in kind.operations:
            needing[operation.name, operation.service].append(kind.name)
    return {name: (service, tuple(kinds)) for (name, service), kinds in needing.items()}


# Every operation that can be denied: the service that signs for it, and the kinds of evidence that need it.
OPERATIONS = _operations()
ACCOUNT_KINDS = frozenset(kind.name for kind in _DENIABLE if not kind.of_organization)
# What a run collects unless it is asked for more or less.
DEFAULT_KINDS = frozenset(kind.name for kind in _DENIABLE if not kind.is_optional)
