"""The tree of organizational units with the accounts in each, which discovery walks anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table, shortened
from auditor.model import OU_TREE, Unit
from auditor.store.evidence import Document

_GONE = ("ParentNotFoundException",)  # deleted since its parent was read: the others are still there
_PROBE = Probe({"MaxResults": 1}, _GONE, root_in="ParentId")
ROOTS = Call("organizations:ListRoots", items="Roots")
UNITS = Call("organizations:ListOrganizationalUnitsForParent", items="OrganizationalUnits", answers=_GONE, probe=_PROBE)
ACCOUNTS = Call("organizations:ListAccountsForParent", items="Accounts", answers=_GONE, probe=_PROBE)


def _rows(_: str, document: Document) -> Iterator[Row]:
    """The OUs and how many accounts each has; where each account sits, discovery says of all accounts."""
    parents: dict[str, tuple[str, str]] = {root["Id"]: ("", root["Name"]) for _, root in document.items(ROOTS.items)}
    held: dict[str, str] = {}
    for answer in document.answers:
        parent = str(answer.parameters.get("ParentId", ""))
        parents |= {unit["Id"]: (parent, unit["Name"]) for _line, unit in answer.items(UNITS.items)}
        held |= {account["Id"]: parent for _line, account in answer.items(ACCOUNTS.items)}  # the last, as it moved
    counts = Counter(held.values())
    paths = sorted((_path(unit, parents), counts[unit]) for unit in parents)
    yield {
        "line": 1,
        "ou_tree": shortened("; ".join(f"{path}: {_accounts(count)}" for path, count in paths)),
        "ous": len(parents) - sum(not parent for parent, _name in parents.values()),
    }


def _path(unit: str, parents: Mapping[str, tuple[str, str]]) -> str:
    names: list[str] = []
    while unit in parents and len(names) <= len(parents):
        unit, name = parents[unit]
        names.insert(0, name)
    return "/".join(names)


def _accounts(count: int) -> str:
    return f"{count} account" if count == 1 else f"{count} accounts"


KIND = Kind(
    name=OU_TREE,
    owner=Owner.ORGANIZATION,
    about="The tree of organizational units, with the accounts in each.",
    calls=(ROOTS, UNITS, ACCOUNTS),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (
                Column("ou_tree", "str", "Path of each OU with the number of accounts in it."),
                Column("ous", "Int64", "Number of OUs, without the root.", unit="OUs"),
            ),
            rows=_rows,
        ),
    ),
)
