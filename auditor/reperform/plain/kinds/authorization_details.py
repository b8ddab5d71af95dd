"""Authorization details: what users hold, which managed policies are in force, whom the roles of an account trust.

Pages may be of any size, and an item may stand on two of them: then the first line counts and its lists are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.policies import PolicyError, administrators, near_administrators, strangers
from auditor.reperform.plain.shape import TEXT, Facts, raw, typed
from auditor.reperform.plain.trouble import UnusableError

_LISTS = {"users": "UserDetailList", "groups": "GroupDetailList", "roles": "RoleDetailList", "policies": "Policies"}
_HOLDERS = {"users": "UserName", "groups": "GroupName", "roles": "RoleName"}
_SHIPPED = {"support": "AWSSupportAccess", "cloudshell": "AWSCloudShellFullAccess"}
Item = dict[str, Any]
Details = dict[str, dict[str, tuple[int, Item]]]
"""Line and item by ARN, of each kind."""


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    """The facts of the units ``user``, ``policy`` and ``account``."""
    last = document.calls[-1].response if document.calls else None
    if last is None or last.get("IsTruncated"):
        raise UnusableError("authorization details: the last page is missing")
    details = {kind: _joined(document, name) for kind, name in _LISTS.items()}
    return {
        "user": [_user(line, user) for line, user in details["users"].values()],
        "policy": list(_policies(details)),
        "identity": list(_identities(details)),
        "resource": _resources(details),
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
    held: dict[str, dict[str, int]] = {}
    for kind in _HOLDERS:
        for line, holder in details[kind].values():
            for arn in _attached(holder):
                held.setdefault(arn, {}).setdefault(kind, line)  # the first of its kind
    for arn, (line, policy) in details["policies"].items():
        if policy.get("AttachmentCount") or arn in held:
            yield _policy(line, policy) | {"holder_lines": _spaced(held.get(arn, {}).values())}
    for arn, lines in held.items():
        if arn not in details["policies"]:
            facts = _unit(next(iter(lines.values())), arn.rpartition("/")[2], arn)
            yield (
                facts
                | dict.fromkeys(("full_admin", "near_admin"))
                | {"reason": "it is attached, but AWS did not return it"}
            )


def _policy(line: int, policy: Item) -> Facts:
    facts = _unit(line, policy.get("PolicyName") or policy["Arn"].rpartition("/")[2], policy["Arn"])
    typed(facts, {"name": TEXT})
    wanted = policy.get("DefaultVersionId") or ""
    answered = _members(policy, "PolicyVersionList")
    versions = [v for v in answered if (v.get("VersionId") == wanted if wanted else v.get("IsDefaultVersion"))]
    if not versions:
        typed({"default_version": wanted}, {"default_version": TEXT})
        facts["reason"] = f"AWS did not return its default version {wanted}"
        return facts | dict.fromkeys(("full_admin", "near_admin"))
    facts["default_version"] = str(versions[0].get("VersionId", ""))
    try:
        found, near = (find(versions[0].get("Document")) for find in (administrators, near_administrators))
    except PolicyError as error:
        return facts | dict.fromkeys(("full_admin", "near_admin")) | {"reason": f"its document {error}"}
    facts |= {"near_admin": bool(near), "near_raw": " and ".join(map(str, near))}
    reason = f"statement {found[0]} allows everything" if found else "no statement allows everything"
    facts["attachment_count_raw"] = raw(policy.get("AttachmentCount"))
    return facts | {"full_admin": bool(found), "reason": reason, "statements_raw": " and ".join(map(str, found))}


def _identities(details: Details) -> Iterator[Facts]:
    """Users, groups and roles that have inline policies."""
    for name in _HOLDERS.values():
        key = name.replace("Name", "PolicyList")
        for line, holder in details[name.removesuffix("Name").lower() + "s"].values():
            if policies := _members(holder, key):
                facts = {"line": line, "name": holder.get(name, ""), "arn": holder["Arn"], "list": key}
                names = [str(policy.get("PolicyName") or "?") for policy in policies]
                documents = [policy.get("PolicyDocument") for policy in policies]
                facts |= _inline("full", administrators, names, documents)
                facts |= _inline("near", near_administrators, names, documents)
                yield typed(facts, {"name": TEXT}) | {"policies": "; ".join(names)}


def _inline(word: str, find: Callable[[Any], list[int]], names: list[str], documents: list[Any]) -> Facts:
    found, unreadable = list[str](), False
    for name, document in zip(names, documents, strict=True):
        try:
            statements = find(document)
        except PolicyError:
            unreadable = True
        else:
            found += [f"{name} statement {' and '.join(map(str, statements))}"] if statements else []
    known = True if found else None if unreadable else False
    return {f"{word}_admin": known, f"{word}_raw": "; ".join(found)}


def _unit(line: int, name: str, arn: str) -> Facts:
    return {"line": line, "name": name, "arn": arn, "default_version": "", "attached_to": "somebody"}


def _account(details: Details) -> Facts:
    facts: Facts = {"line": 1}
    lines: dict[tuple[str, str], set[int]] = {}
    for word, policy in _SHIPPED.items():
        for kind, name in _HOLDERS.items():
            holders = [(line, holder) for line, holder in details[kind].values() if _holds(holder, policy)]
            facts[f"{word}_{kind}"] = "; ".join(str(holder.get(name, "")) for _, holder in holders)
            lines[word, kind] = {line for line, _ in holders}
    facts["support_lines"] = _spaced(sorted(lines["support", "roles"]))
    facts["cloudshell_lines"] = _spaced(sorted(set().union(*(lines["cloudshell", kind] for kind in _HOLDERS))))
    return facts


def _resources(details: Details) -> list[Facts]:
    """Each role that everybody may assume, and all other resources of the account as one without a name."""
    found, names, unreadable = list[Facts](), list[str](), dict[int, str]()
    for line, role in details["roles"].values():
        try:
            statements = strangers(role.get("AssumeRolePolicyDocument"))
        except PolicyError as error:
            unreadable[line] = f"{role.get('RoleName', '')}: its trust policy {error}"
            continue
        if statements:
            facts = {"line": line, "name": role.get("RoleName", ""), "arn": role["Arn"]}
            found.append(typed(facts, {"name": TEXT}) | {"statements_raw": " and ".join(map(str, statements))})
            names.append(facts["name"])
    others: Facts = {"name": None, "arn": None, "open_roles": "; ".join(names)}
    others |= {"unreadable_roles": "; ".join(unreadable.values()), "line": min(unreadable, default=1)}
    others["open_lines"] = _spaced(facts["line"] for facts in found)
    return [*found, others]


def _spaced(lines: Iterable[int]) -> str:
    return " ".join(map(str, lines))


def _holds(holder: Item, policy: str) -> bool:
    """AWS's own policy, in any partition and below any path."""
    for arn in _attached(holder):
        parts = arn.split(":", 5)
        own = len(parts) == 6 and parts[0] == "arn" and bool(parts[1]) and parts[2:5] == ["iam", "", "aws"]
        if own and parts[5].startswith("policy/") and f"/{parts[5].removeprefix('policy/')}".endswith(f"/{policy}"):
            return True
    return False
