"""Password policies of IAM, each hardly over or under a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence, pick
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.wire import AwsError


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """``reuse`` is passwords remembered, ``max_age`` days; None where the answer lacks the member."""

    length: int = 14
    reuse: int | None = 24
    expires: bool = True
    max_age: int | None = 90
    uppercase: bool = True
    lowercase: bool = True
    symbol: bool = True
    number: bool = True


GOOD_POLICY = PasswordPolicy()
PASSWORD_POLICIES: tuple[PasswordPolicy | None, ...] = (
    GOOD_POLICY,
    None,
    replace(GOOD_POLICY, length=13),
    replace(GOOD_POLICY, length=15),
    replace(GOOD_POLICY, reuse=23),
    replace(GOOD_POLICY, reuse=None),
    replace(GOOD_POLICY, uppercase=False),
    replace(GOOD_POLICY, lowercase=False),
    replace(GOOD_POLICY, symbol=False),
    replace(GOOD_POLICY, number=False),
    replace(GOOD_POLICY, max_age=89),
    replace(GOOD_POLICY, max_age=91),
    replace(GOOD_POLICY, expires=False, max_age=None),
    replace(GOOD_POLICY, expires=False, max_age=0),
    # What AWS gives to an account that sets a policy and nothing in it.
    PasswordPolicy(6, None, False, None, False, False, False, False),
)


def planted_policy(evidence: PlantedEvidence) -> PasswordPolicy | None:
    return pick(PASSWORD_POLICIES, evidence.rank)


def _get_account_password_policy(request: Request) -> dict[str, Any]:
    policy = request.evidence.of(planted_policy)
    if policy is None:
        message = f"The Password Policy with domain name {request.identity.account_id} cannot be found."
        raise AwsError("NoSuchEntity", message)
    members = {
        "MinimumPasswordLength": policy.length,
        "RequireSymbols": policy.symbol,
        "RequireNumbers": policy.number,
        "RequireUppercaseCharacters": policy.uppercase,
        "RequireLowercaseCharacters": policy.lowercase,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": policy.expires,
        "MaxPasswordAge": policy.max_age,
        "PasswordReusePrevention": policy.reuse,
    }
    return {"PasswordPolicy": {name: value for name, value in members.items() if value is not None}}


KIND = BoxedKind("password-policy", (Operation("iam:GetAccountPasswordPolicy", _get_account_password_policy),))
