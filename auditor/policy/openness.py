"""Whether a trust or resource policy lets everybody in: an Allow for every principal that no condition narrows.

Every principal is ``*``, ``{"AWS": "*"}`` (a star of any kind, alone or in a list), an ARN with a star for its account,
and every NotPrincipal. A Deny elsewhere does not excuse. A federated provider that is named is not every principal,
however many users it knows.

Of the tests of a Condition block, all of which must hold, one suffices that narrows: that only holds where the request
comes from somebody, or through something, that the owner chose. It must

* say what is, not what is not (``StringNotEquals``, ``Null``), fail where the key is missing (``...IfExists`` and
  ``ForAllValues:`` hold then), and use an operator for texts, ARNs or addresses;
* test the organization, account, VPC or endpoint, ARN, unique id or public address of who asks, or the issuer, subject
  or audience of a federated token (``_KEYS``). Not an external id (it is no secret, and tells nothing of who asks),
  a tag, a user or session name, an address within a VPC, MFA or the time: those anybody can have or set;
* name fixed values only: without wildcards where they could name a stranger, without policy variables (but those
  of the resource's own account and organization), addresses of 16,777,216 at most (IPv4 /8, IPv6 /32). A star under
  ``StringEquals`` is a star to AWS, not a wildcard, but whoever wrote it meant everybody: it does not narrow either.

Followed are the meaning of "public" in S3's Block Public Access and the keys that IAM documents as global, which go
further than the open parsers of policies: those take negations and wildcards less strictly.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from auditor.policy.document import Condition, PolicyError, Statement, parse
from auditor.policy.grants import Grant

_OPERATOR = re.compile(r"(?:foranyvalue:)?(?:string(?:equals|equalsignorecase|like)|arn(?:equals|like)|ipaddress)")
_OWN = re.compile(r"\$\{aws:resource(?:account|orgid|orgpaths)\}", re.IGNORECASE)
_WILDCARDS = re.compile(r"[*?]|\$\{")
# The endpoints of sign-in and STS, in whatever region and partition, are the same for every account that federates
# this way: they tell nothing of who asks.
_COMMON_AUDIENCE = re.compile(
    r"https://(?:[a-z0-9-]+\.)*signin(?:\.[a-z0-9-]+)+/saml"
    r"|sts(?:-fips)?\.(?:(?:[a-z0-9-]+\.)?amazonaws|[a-z]+(?:-[a-z]+)+-[0-9]+)(?:\.[a-z0-9-]+)+"
)
_WIDEST = {4: 8, 6: 32}


def open_principals(document: object) -> list[Grant]:
    """The statements of a trust or resource policy that allow every principal; none: an empty list.

    Their conditions, none of which narrows, are named. PolicyError for what is no such policy: see ``parse``; every
    statement must also name principals.
    """
    statements = parse(document)
    for statement in statements:
        if statement.principals is None and statement.not_principals is None:
            raise PolicyError(f"has neither Principal nor NotPrincipal in statement {statement.number}")
    return [grant for statement in statements if statement.allows and (grant := _grant(statement))]


def _grant(statement: Statement) -> Grant | None:
    who = _everybody(statement)
    if who is None or any(map(narrows, statement.conditions)):
        return None
    return Grant(statement.name, f"allows {who}", statement.conditions, statement.number)


def _everybody(statement: Statement) -> str | None:
    if statement.not_principals is not None:
        return "every principal but those of a NotPrincipal"
    for kind, name in statement.principals or ():
        if _is_everybody(name):
            return f"Principal {kind} {name}" if kind else f"Principal {name}"
    return None


def _is_everybody(name: str) -> bool:
    parts = name.split(":", 5)
    account = parts[4] if parts[0] == "arn" and len(parts) == 6 else name
    return "*" in account and set(account) <= {"*", "?"}


def narrows(condition: Condition) -> bool:
    """Whether a test holds only for requests of, or through, what the policy's owner chose."""
    operator, key = condition.operator.lower(), condition.key.lower()
    if not condition.values or not _OPERATOR.fullmatch(operator):
        return False
    by_address = operator.endswith("ipaddress")
    fixed = _ADDRESSES.get(key) if by_address else _KEYS.get(key) or _of_a_token(key)
    return fixed is not None and all(map(fixed, condition.values))


def _of_a_token(key: str) -> Callable[[str], bool] | None:
    """Any provider's key of the subject or the audience, ``token.actions.githubusercontent.com:sub``."""
    return _fixed if key.endswith((":sub", ":aud")) else None


def _fixed(value: str) -> bool:
    return (
        bool(value) and not _WILDCARDS.search(_OWN.sub("own", value)) and not _COMMON_AUDIENCE.fullmatch(value.lower())
    )


def _fixed_path(value: str) -> bool:
    """``o-a1b2c3d4e5/r-ab12/*``: within an organization that is fixed, anything goes."""
    return _fixed(value.split("/")[0])


def _fixed_arn(value: str) -> bool:
    """An ARN of a fixed account; where the service leaves accounts out, as S3 does, one of a fixed resource."""
    parts = value.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return False
    return _fixed(parts[4]) if parts[4] else _fixed(parts[5].split("/")[0])


def _fixed_user(value: str) -> bool:
    """``AROAEXAMPLEROLEID:*`` is every session of one role."""
    return _fixed(value.split(":")[0])


def _fixed_address(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]


_IDS = (
    *("aws:principalorgid", "aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid"),
    *("aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "kms:calleraccount"),
    *("saml:iss", "saml:namequalifier"),
)
_PATHS = ("aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths")
_ARNS = ("aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn")
_KEYS: Mapping[str, Callable[[str], bool]] = {
    **dict.fromkeys(_IDS, _fixed),
    **dict.fromkeys(_PATHS, _fixed_path),
    **dict.fromkeys(_ARNS, _fixed_arn),
    "aws:userid": _fixed_user,
}
_ADDRESSES: Mapping[str, Callable[[str], bool]] = {"aws:sourceip": _fixed_address}
