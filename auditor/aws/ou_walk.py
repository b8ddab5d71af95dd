"""The walk over the organizational units: what they are called, and where each account sits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.aws.recorder import Recorder
from auditor.errors import clean
from auditor.kinds import ou_tree
from auditor.kinds.declaration import Call

Place = tuple[str, tuple[str, ...]]
"""An OU path, and the ids of its OUs, root first."""


@dataclass(frozen=True)
class OuTree:
    """The OU ids of the organization, and where each account sits: names and ids from the root down."""

    ou_ids: frozenset[str] = frozenset()
    places: Mapping[str, Place] = field(default_factory=dict)


class OuWalk:
    """One walk. ``keep``: the answers are wanted as evidence, so they stay in the ``recorder``.

    ``units``: the path and ids of each OU and root, once it was walked; ``places``: those of each account.
    """

    def __init__(self, recorder: Recorder, say: Callable[[str], None], *, keep: bool) -> None:
        self._recorder, self._say, self._keep = recorder, say, keep
        self.units: dict[str, Place] = {}
        self.places: dict[str, Place] = {}

    @property
    def tree(self) -> OuTree:
        return OuTree(frozenset(self.units), self.places)

    async def visit(self, *, with_accounts: bool) -> None:
        """One call after another: Organizations is throttled hard."""
        waiting: list[tuple[dict[str, Any], str, tuple[str, ...]]]
        waiting = [(root, "", ()) async for root in self._each(ou_tree.ROOTS)]
        while waiting:
            unit, above, ids = waiting.pop()
            unit_id = clean(unit["Id"])
            if unit_id in self.units:  # listed twice or below itself, or moved while others were walked
                continue
            path, ids = f"{above}/{unit['Name']}".lstrip("/"), (*ids, unit_id)
            self.units[unit_id] = (clean(path), ids)
            if with_accounts:
                await self._find_accounts(unit["Id"], self.units[unit_id])
            waiting += [(child, path, ids) async for child in self._each(ou_tree.UNITS, ParentId=unit["Id"])]

    async def find_accounts(self) -> None:
        """Ask each OU that was walked for its accounts."""
        for unit_id, place in self.units.items():
            await self._find_accounts(unit_id, place)

    def place_all(self, paths: Mapping[str, tuple[str, ...]]) -> bool:
        """Put accounts where AWS says that they are, ``o-1/r-1/ou-1/``.

        False, and nothing placed, where AWS does not say it of one, or names an OU that was not walked.
        """
        parents = {account_id: _parent(known) for account_id, known in paths.items()}
        if not set(parents.values()) <= self.units.keys():
            return False
        self.places = {account_id: self.units[parent] for account_id, parent in parents.items()}
        return True

    async def _find_accounts(self, parent_id: str, place: Place) -> None:
        async for account in self._each(ou_tree.ACCOUNTS, ParentId=parent_id):
            self._note_move(account["Id"], place[0])
            self.places[account["Id"]] = place

    def _note_move(self, account_id: str, path: str) -> None:
        """An account that moves while the OUs are read is seen in both; where it was seen last is newer."""
        before = self.places.get(account_id)
        if before is not None and before[0] != path:
            self._say(f"account {account_id} was seen in {before[0]}, then in {path}: the latter counts")

    async def _each(self, call: Call, **parameters: str) -> AsyncIterator[dict[str, Any]]:
        async for page in self._recorder.pages(call, **parameters):
            for item in page.get(call.items, []):
                yield item
            if not self._keep:
                self._recorder.answers.clear()


def _parent(paths: tuple[str, ...]) -> str:
    """The id of the OU that an account is in; empty where AWS does not say it, or more than one."""
    return paths[0].rstrip("/").rpartition("/")[2] if len(paths) == 1 else ""
