"""Policy documents once more: read plainly, and asked who is an administrator and who is let in.

What counts as everything, as everybody and as a condition that narrows is told in ``auditor/policy``; the answers are
found in other ways.
"""

from __future__ import annotations

from auditor.reperform.plain.policies.almost import near_administrators
from auditor.reperform.plain.policies.delegates import accounts_allowed
from auditor.reperform.plain.policies.everybody import strangers
from auditor.reperform.plain.policies.everything import administrators
from auditor.reperform.plain.policies.reading import PolicyError

__all__ = ["PolicyError", "accounts_allowed", "administrators", "near_administrators", "strangers"]
