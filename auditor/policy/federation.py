"""Which identity providers of an account a trust policy lets people in from."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.policy.document import parse

# How the resource in a provider's ARN begins: saml-provider/NAME, oidc-provider/HOST/PATH.
_KINDS = ("saml-provider/", "oidc-provider/")


def trusted_providers(role: Mapping[str, object]) -> list[str]:
    """The ARNs of the providers in a role's own account that an Allow of its trust policy names, in their order.

    ``role`` is as GetAccountAuthorizationDetails lists it. Providers that AWS runs for everybody
    (``accounts.google.com``) have no ARN. PolicyError for a trust policy that cannot be read.
    """
    account, _, _ = str(role.get("Arn", "")).partition("role/")  # all before the resource
    own = tuple(account + kind for kind in _KINDS)
    statements = parse(role.get("AssumeRolePolicyDocument"))
    named = (name for statement in statements if statement.allows for _, name in statement.principals or ())
    return [name for name in named if name.startswith(own)]
