"""Pure vectorised predicates, by the name under which ``config/controls`` calls them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.judge.checks import access_keys, account, organization, permissions, root, sign_in
from auditor.judge.checks.verdict import Check, Verdict

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
    "root_hardware_mfa": root.hardware_mfa,
    "full_admin_policy": permissions.no_full_admin,
    "near_admin_policy": permissions.no_near_admin,
    "inline_full_admin": permissions.no_inline_full_admin,
    "inline_near_admin": permissions.no_inline_near_admin,
    "policy_attached_to_nobody": permissions.attached_to_nobody,
    "no_open_role_trust": permissions.no_open_trust,
    "contact_on_file": account.contact_on_file,
    "central_identity": account.central_identity,
    "analyzer_everywhere": account.analyzer_everywhere,
    "root_access_centralized": organization.root_access_centralized,
    "policies_delegated": organization.policies_delegated,
    "organization_policies_shown": organization.policies_shown,
    "management_account_shown": organization.management_account_shown,
    "ou_tree_shown": organization.ou_tree_shown,
    "delegated_services_shown": organization.delegated_services_shown,
}
