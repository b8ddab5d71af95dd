"""Who is an administrator: a row for each policy that makes, or may make, a user, group or role one.

A user has the policies of its groups, too. Where a policy could not be read, it is not known whether it does: such a
row has no value there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.kinds.authorization_details.details import HOLDERS, Details, Item, names
from auditor.kinds.declaration import Column, Row

COLUMNS = (
    Column("principal_type", "str", "user, group or role.", in_controls=False),
    Column("policy", "str", "Name of the policy; of inline policies all names, joined by '; '.", in_controls=False),
    Column("policy_arn", "str", "ARN of the managed policy; empty for inline policies.", in_controls=False),
    Column("via_group", "str", "Group through which a user has the policy; empty for none.", in_controls=False),
    Column("full_admin", "boolean", "Whether it allows every action on every resource.", in_controls=False),
    Column("near_admin", "boolean", "Whether it allows nearly every action on every resource.", in_controls=False),
    Column("reason", "str", "Which statements do, or why that is not known.", in_controls=False),
    Column("boundary", "str", "ARN of the permissions boundary that limits it; empty for none.", in_controls=False),
)


def administrator_rows(details: Details, policies: Sequence[Row], identities: Sequence[Row]) -> list[Row]:
    """Columns of ``COLUMNS``, made of the rows of managed policies and of those who have inline policies."""
    own = _own_grants(details, policies, identities)
    groups = {str(group.get("GroupName", "")): str(group["Arn"]) for _, group in details.of("groups")}
    found = []
    for kind in HOLDERS:
        for line, holder in details.of(kind):
            about = _about(kind, line, holder)
            found += [about | grant for grant in own.get(holder["Arn"], ())]
            for name in map(str, holder.get("GroupList") or ()) if kind == "users" else ():
                found += [about | grant | {"via_group": name} for grant in own.get(groups.get(name, ""), ())]
    return found


def _about(kind: str, line: int, holder: Item) -> Row:
    word = kind[:-1]
    boundary = {} if word == "group" else holder.get("PermissionsBoundary") or {}
    return {
        "name": str(holder.get(f"{word.title()}Name", "")),
        "arn": holder["Arn"],
        "line": line,
        "principal_type": word,
        "boundary": str(boundary.get("PermissionsBoundaryArn", "")),
    }


def _own_grants(details: Details, policies: Sequence[Row], identities: Sequence[Row]) -> Mapping[str, list[Row]]:
    """What each holder, by ARN, has without groups."""
    managed = {str(policy["arn"]): _of_managed(policy) for policy in policies if _may_be_admin(policy)}
    found: dict[str, list[Row]] = {}
    for arn, attached in _attachments(details):
        if attached in managed:
            found.setdefault(arn, []).append(managed[attached])
    for identity in identities:
        if _may_be_admin(identity):
            found.setdefault(str(identity["arn"]), []).append(_of_inline(identity))
    return found


def _attachments(details: Details) -> Iterator[tuple[str, str]]:
    """ARNs of a holder and of a policy."""
    for kind in HOLDERS:
        for _, holder in details.of(kind):
            for policy in names(holder, "AttachedManagedPolicies", "PolicyArn"):
                yield holder["Arn"], policy


def _may_be_admin(row: Row) -> bool:
    return row["full_admin"] is not False or row["near_admin"] is not False


def _of_managed(policy: Row) -> Row:
    which = {"policy": policy["name"], "policy_arn": policy["arn"], "via_group": ""}
    reason = policy["near_reason"] if policy["full_admin"] is False else policy["reason"]
    return which | {"full_admin": policy["full_admin"], "near_admin": policy["near_admin"], "reason": reason}


def _of_inline(identity: Row) -> Row:
    which = {"policy": identity["policies"], "policy_arn": "", "via_group": ""}
    reason = identity["near_reason"] if identity["full_admin"] is False else identity["full_reason"]
    return which | {"full_admin": identity["full_admin"], "near_admin": identity["near_admin"], "reason": reason}
