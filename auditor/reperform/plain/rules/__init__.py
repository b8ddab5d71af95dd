"""Every check once more, for a single unit and in plain steps: what ``auditor explain`` prints.

A rule comes to its end apart from the vectorised check; tests prove that the two never differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.reperform.plain.rules import account, credentials, organization, password_policy, permissions, root
from auditor.reperform.plain.rules.telling import Facts, Rule, Told

__all__ = ["READS", "RULES", "Facts", "Rule", "Told"]

RULES: Mapping[str, Rule] = {
    "key_age": credentials.key_age,
    "active_key_count": credentials.active_key_count,
    "key_at_setup": credentials.key_at_setup,
    "unused": credentials.unused,
    "console_mfa": credentials.console_mfa,
    "root_no_key": root.no_key,
    "root_mfa": root.mfa,
    "root_unused": root.unused,
    "root_hardware_mfa": root.hardware_mfa,
    "password_length": password_policy.length,
    "password_reuse": password_policy.reuse,
    "password_uppercase": password_policy.uppercase,
    "password_lowercase": password_policy.lowercase,
    "password_symbol": password_policy.symbol,
    "password_number": password_policy.number,
    "password_expiry": password_policy.expiry,
    "permissions_via_groups": permissions.via_groups,
    "full_admin_policy": permissions.no_full_admin,
    "near_admin_policy": permissions.no_near_admin,
    "inline_full_admin": permissions.no_inline_full_admin,
    "inline_near_admin": permissions.no_inline_near_admin,
    "support_role": permissions.support_role,
    "policy_attached_to_nobody": permissions.attached_to_nobody,
    "no_open_role_trust": permissions.no_open_trust,
    "security_contact": account.security_contact,
    "contact_on_file": account.contact_on_file,
    "central_identity": account.central_identity,
    "certificate_valid": account.certificate_valid,
    "instance_has_profile": account.instance_has_profile,
    "analyzer_everywhere": account.analyzer_everywhere,
    "root_access_centralized": organization.root_access_centralized,
    "policies_delegated": organization.policies_delegated,
    "organization_policies_shown": organization.policies_shown,
    "management_account_shown": organization.management_account_shown,
    "ou_tree_shown": organization.ou_tree_shown,
    "delegated_services_shown": organization.delegated_services_shown,
}
READS: Mapping[str, tuple[str, ...]] = {
    "key_age": ("active", "last_rotated"),
    "active_key_count": ("access_key_1_active", "access_key_2_active"),
    "key_at_setup": ("password_enabled", "active", "last_used", "last_rotated", "user_creation_time"),
    "unused": ("active", "last_used", "last_rotated", "user_creation_time"),
    "console_mfa": ("password_enabled", "mfa_active"),
    "root_no_key": ("access_key_1_active", "access_key_2_active"),
    "root_mfa": ("mfa_active", "password_enabled"),
    "root_hardware_mfa": ("mfa_active", "password_enabled"),
    "root_unused": ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"),
}
"""Which facts of a user or credential a check of the credential report reads, first things first."""
