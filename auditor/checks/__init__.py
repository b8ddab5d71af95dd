"""Pure vectorised predicates, by the name under which ``config/controls`` calls them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.checks import access_keys, root, sign_in
from auditor.checks.verdict import Check, Verdict

__all__ = ["CHECKS", "Check", "Verdict"]

CHECKS: Mapping[str, Check] = {
    "key_age": access_keys.key_age,
    "active_key_count": access_keys.active_key_count,
    "key_at_setup": access_keys.key_at_setup,
    "unused": sign_in.unused,
    "console_mfa": sign_in.console_mfa,
    "root_no_key": root.no_key,
    "root_mfa": root.mfa,
    "root_unused": root.unused,
}
