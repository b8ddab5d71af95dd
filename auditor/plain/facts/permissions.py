"""Authorization details: what users hold, which managed policies are in force, whom the roles of an account trust.

Pages may be of any size, and an item may stand on two of them: then the first line counts and its lists are joined.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.plain.facts.document import Document
from auditor.plain.facts.shape import TEXT, Facts, typed
from auditor.plain.policies import PolicyError, administrators, strangers
from auditor.plain.trouble import UnusableError

_LISTS = {"users": "UserDetailList", "groups": "GroupDetailList", "roles": "RoleDetailList", "policies": "Policies"}
_HOLDERS = {"users": "UserName", "groups": "GroupName", "roles": "RoleName"}
_SHIPPED = {"support": "AWSSupportAccess", "cloudshell": "AWSCloudShellFullAccess"}
Item = dict[str, Any]
Details = dict[str, dict[str, tuple[int, Item]]]
"""Line and item by ARN, of each kind."""


def permissions(document: Document) -> dict[str, list[Facts]]:
    """The facts of the units ``user``, ``policy`` and ``account``."""
    last = document.calls[-1].response if document.calls else None
    if last is None or last.get("IsTruncated"):
        raise UnusableError("authorization details: the last page is missing")
    details = {kind: _joined(document, name) for kind, name in _LISTS.items()}
    return {
        "user": [_user(line, user) for line, user in details["users"].values()],
        "policy": list(_policies(details)),
        "account": [_account(details)],
    }


def _joined(document: Document, name: str) -> dict[str, tuple[int, Item]]:
    found: dict[str, tuple[int, Item]] = {}
    for line, item in document.items(name):
        if not isinstance(item, dict) or not isinstance(item.get("Arn"), str):
            raise UnusableError(f"line {line}: an item of {name} has no Arn")
        first, known = found.get(item["Arn"], (line, {}))
        merged = known | item
        for key, value in known.items():
            if isinstance(value, list):
                later = item.get(key)
                merged[key] = value + [m for m in later if m not in value] if isinstance(later, list) else value
        found[item["Arn"]] = first, merged
    return found


def _members(item: Item, name: str) -> list[Item]:
    listed = item.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list) or not all(isinstance(member, dict) for member in listed):
        raise UnusableError(f"{name} of {item['Arn']} is no list of objects")
    return listed


def _attached(item: Item) -> list[str]:
    """The ARNs of the managed policies that a user, group or role holds."""
    return list(dict.fromkeys(str(m.get("PolicyArn") or "?") for m in _members(item, "AttachedManagedPolicies")))


def _user(line: int, user: Item) -> Facts:
    def told(name: str) -> str:
        return "; ".join(dict.fromkeys(str(m.get("PolicyName") or "?") for m in _members(user, name)))

    own = {"inline_policies": told("UserPolicyList"), "attached_policies": told("AttachedManagedPolicies")}
    list(user.get("GroupList") or ())  # names of groups; anything else is not what AWS answers
    return typed({"line": line, "name": user.get("UserName", ""), "arn": user["Arn"], **own}, {"name": TEXT})


def _policies(details: Details) -> Iterator[Facts]:
    """Those that AWS counts as attached, and those that somebody holds, whether AWS answered with them or not."""
    held: dict[str, int] = {}
    for kind in _HOLDERS:
        for line, holder in details[kind].values():
            for arn in _attached(holder):
                held.setdefault(arn, line)
    for arn, (line, policy) in details["policies"].items():
        if policy.get("AttachmentCount") or arn in held:
            yield _policy(line, policy)
    for arn, line in held.items():
        if arn not in details["policies"]:
            facts = _unit(line, arn.rpartition("/")[2], arn)
            yield facts | {"full_admin": None, "reason": "it is attached, but was not answered"}


def _policy(line: int, policy: Item) -> Facts:
    facts = _unit(line, policy.get("PolicyName") or policy["Arn"].rpartition("/")[2], policy["Arn"])
    typed(facts, {"name": TEXT})
    wanted = policy.get("DefaultVersionId") or ""
    answered = _members(policy, "PolicyVersionList")
    versions = [v for v in answered if (v.get("VersionId") == wanted if wanted else v.get("IsDefaultVersion"))]
    if not versions:
        typed({"default_version": wanted}, {"default_version": TEXT})
        return facts | {"full_admin": None, "reason": f"its default version {wanted} was not answered"}
    facts["default_version"] = str(versions[0].get("VersionId", ""))
    try:
        found = administrators(versions[0].get("Document"))
    except PolicyError as error:
        return facts | {"full_admin": None, "reason": f"its document {error}"}
    reason = f"statement {found[0]} allows everything" if found else "no statement allows everything"
    return facts | {"full_admin": bool(found), "reason": reason}


def _unit(line: int, name: str, arn: str) -> Facts:
    return {"line": line, "name": name, "arn": arn, "default_version": "", "attached_to": "somebody"}


def _account(details: Details) -> Facts:
    facts: Facts = {"line": 1}
    for word, policy in _SHIPPED.items():
        for kind, name in _HOLDERS.items():
            holders = [holder for _, holder in details[kind].values() if _holds(holder, policy)]
            facts[f"{word}_{kind}"] = "; ".join(str(holder.get(name, "")) for holder in holders)
    opened, unreadable = list[str](), list[str]()
    for _, role in details["roles"].values():
        try:
            if strangers(role.get("AssumeRolePolicyDocument")):
                opened.append(str(role.get("RoleName", "")) or role["Arn"])
        except PolicyError as error:
            unreadable.append(f"{role.get('RoleName', '')}: {error}")
    facts |= {"open_roles": "; ".join(opened), "unreadable_roles": "; ".join(unreadable)}
    return facts | dict.fromkeys(("open_line", "unreadable_line", "support_line", "cloudshell_line"))


def _holds(holder: Item, policy: str) -> bool:
    """AWS's own policy, in any partition and below any path."""
    for arn in _attached(holder):
        parts = arn.split(":", 5)
        own = len(parts) == 6 and parts[0] == "arn" and bool(parts[1]) and parts[2:5] == ["iam", "", "aws"]
        if own and parts[5].startswith("policy/") and f"/{parts[5].removeprefix('policy/')}".endswith(f"/{policy}"):
            return True
    return False
