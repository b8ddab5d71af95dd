"""IAM policy documents: read strictly, and asked what they allow to everybody or over everything."""

from __future__ import annotations

from auditor.policy.delegation import allowed_accounts
from auditor.policy.document import Condition, PolicyError, Statement, parse
from auditor.policy.everything import allows_everything
from auditor.policy.federation import trusted_providers
from auditor.policy.grants import Grant, numbers, said
from auditor.policy.near_admin import allows_nearly_everything
from auditor.policy.openness import open_principals

__all__ = [
    "Condition",
    "Grant",
    "PolicyError",
    "Statement",
    "allowed_accounts",
    "allows_everything",
    "allows_nearly_everything",
    "numbers",
    "open_principals",
    "parse",
    "said",
    "trusted_providers",
]
