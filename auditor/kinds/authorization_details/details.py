"""One account's authorization details: its users, groups, roles and managed policies, whatever pages they came on.

Pages may be of any size, empty ones among them, and an item may stand on two: then its lists are joined and the first
line counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.errors import EvidenceError
from auditor.store.evidence import Document, malformed

Item = Mapping[str, Any]
HOLDERS = ("users", "groups", "roles")
LISTS = {"users": "UserDetailList", "groups": "GroupDetailList", "roles": "RoleDetailList", "policies": "Policies"}


@dataclass(frozen=True)
class Details:
    """Each kind's items (``users``, ``groups``, ``roles``, ``policies``) by ARN, in the order of the pages."""

    items: Mapping[str, Mapping[str, tuple[int, Item]]]

    def of(self, kind: str) -> list[tuple[int, Item]]:
        """Line and item of a kind."""
        return list(self.items[kind].values())

    def attachments(self) -> Iterator[tuple[str, int, str]]:
        """(kind of holder, line, ARN of a policy) for each policy that a user, group or role names as attached."""
        for kind in HOLDERS:
            for line, holder in self.of(kind):
                for arn in names(holder, "AttachedManagedPolicies", "PolicyArn"):
                    yield kind, line, arn


def read_details(document: Document) -> Details:
    """EvidenceError (stage ``validate``) where the pages end before AWS's list did, or an item is none."""
    if not document.answers or document.answers[-1].response is None:
        raise _malformed("there is no last page")
    if document.answers[-1].response.get("IsTruncated"):
        raise _malformed("the last page says that there are more")
    return Details({kind: _joined(document, key) for kind, key in LISTS.items()})


def holders_of(details: Details) -> dict[str, Counter[str]]:
    """How many users, groups and roles each policy is attached to, by its ARN."""
    found: dict[str, Counter[str]] = {}
    for kind, _, arn in details.attachments():
        found.setdefault(arn, Counter())[kind] += 1
    return found


def first_holders(details: Details) -> dict[str, list[int]]:
    """The lines of the first user, the first group and the first role that name each policy as attached, by its ARN."""
    found: dict[str, dict[str, int]] = {}
    for kind, line, arn in details.attachments():
        found.setdefault(arn, {}).setdefault(kind, line)
    return {arn: list(lines.values()) for arn, lines in found.items()}


def members(item: Item, name: str) -> list[Item]:
    """The objects of a list within an item; none where there is no such list."""
    value = item.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(member, dict) for member in value):
        raise _malformed(f"{name} of {item.get('Arn')} is no list of objects")
    return value


def names(item: Item, list_name: str, name: str) -> list[str]:
    """The ``name`` of each member, without repeats and in order; a question mark where there is none."""
    return list(dict.fromkeys(str(member.get(name) or "?") for member in members(item, list_name)))


def _joined(document: Document, key: str) -> dict[str, tuple[int, Item]]:
    found: dict[str, tuple[int, Item]] = {}
    for line, item in document.items(key):
        if not isinstance(item, dict) or not isinstance(arn := item.get("Arn"), str):
            raise _malformed(f"line {line}: an item of {key} has no Arn")
        if arn in found:
            first, earlier = found[arn]
            found[arn] = first, _both(earlier, item)
        else:
            found[arn] = line, item
    return found


def _both(earlier: Item, later: Item) -> Item:
    """The later item's values where they are not lists, and the members of both lists where they are."""
    joined = {**earlier, **later}
    for name, value in earlier.items():
        if isinstance(value, list):
            more = later.get(name)
            joined[name] = value + [m for m in more if m not in value] if isinstance(more, list) else value
    return joined


def _malformed(why: str) -> EvidenceError:
    return malformed(f"authorization details: {why}")
