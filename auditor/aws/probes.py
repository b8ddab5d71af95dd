"""Whether a run may do what it has to: each read is tried as cheaply as AWS lets it be, and nothing is kept."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore import xform_name

from auditor.aws.assume import AccountCalls
from auditor.aws.calls import Response
from auditor.aws.faults import is_denial
from auditor.aws.organization import DISCOVERY_CALLS
from auditor.aws.session import Clients
from auditor.errors import EvidenceError
from auditor.kinds import KINDS
from auditor.kinds.declaration import REGIONS, Call, Owner, Probe
from auditor.kinds.ou_tree import ROOTS
from auditor.model import Lack

_STAGE = "check"
_ENTERING = {"assume": "sts:AssumeRole", "assume-root": "sts:AssumeRoot"}
_REFUSED = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")
_SOME_ROOT = "r-0000"
# What may be done in a session of root, AWS itself says: that is not tried.
PROBES: Mapping[str, Call] = {
    call.action: call
    for calls in ((REGIONS,), DISCOVERY_CALLS, *(k.calls for k in KINDS.values() if k.owner is not Owner.ROOT))
    for call in calls
}
"""The call that each action is tried with, as its ``probe`` says."""


class Permissions:
    """Tries ``of_account`` in each account, ``of_organization`` as the caller; ``regions`` as in the settings."""

    def __init__(
        self, clients: Clients, of_account: Sequence[str], of_organization: Sequence[str], regions: Sequence[str]
    ) -> None:
        self._clients, self._regions = clients, regions
        self._of_account, self._of_organization = of_account, of_organization

    async def in_account(self, calls: AccountCalls) -> list[Lack]:
        """What the account's session may not do, or nobody could find out."""
        return await self._tried(self._of_account, calls, {})

    async def in_organization(self, calls: AccountCalls, caller_id: str) -> list[Lack]:
        """The same of the organization's own calls."""
        answers: dict[str, Any] = {}
        lacks = await self._tried([a for a in self._of_organization if a == ROOTS.action], calls, {}, answers)
        roots = (answers.get(ROOTS.action) or {}).get(ROOTS.items) or [{"Id": _SOME_ROOT}]
        about = {action: _about(PROBES[action].probe, caller_id, roots[0]["Id"]) for action in self._of_organization}
        return lacks + await self._tried([a for a in self._of_organization if a != ROOTS.action], calls, about)

    def entering(self, error: EvidenceError) -> list[Lack]:
        """Why there was no way in: AWS says so where it is not the operation itself that is forbidden."""
        named = _REFUSED.search(error.message)
        return [_lack(named.group(1) if named else _ENTERING[error.stage], "", error)]

    async def _tried(
        self,
        actions: Iterable[str],
        calls: AccountCalls,
        about: Mapping[str, Mapping[str, str]],
        answers: dict[str, Any] | None = None,
    ) -> list[Lack]:
        regions, answers = tuple(self._regions), {} if answers is None else answers
        lacks: list[Lack] = []
        rest = list(actions)
        if REGIONS.action in rest and not regions:
            rest.remove(REGIONS.action)
            lacks += await self._try(REGIONS.action, calls, {}, ("",), answers)
            listed = answers.get(REGIONS.action, {}).get(REGIONS.items, ())
            regions = tuple(sorted(region["RegionName"] for region in listed))
        where = {action: (regions or ("",)) if PROBES[action].in_each_region else ("",) for action in rest}
        found = await asyncio.gather(*(self._try(a, calls, about.get(a, {}), where[a], answers) for a in rest))
        return sorted(lacks + [lack for some in found for lack in some], key=lambda lack: lack.action)

    async def _try(
        self,
        action: str,
        calls: AccountCalls,
        about: Mapping[str, str],
        regions: Sequence[str],
        answers: dict[str, Any],
    ) -> list[Lack]:
        """The region is left out of what is lacking in all of them."""
        tries = [self._once(action, calls, about, region, answers) for region in regions]
        lacks = [lack for lack in await asyncio.gather(*tries) if lack]
        codes: defaultdict[str, list[Lack]] = defaultdict(list)
        for lack in lacks:
            codes[lack.code].append(lack)
        return [_merged(same, everywhere=len(same) == len(regions)) for same in codes.values()]

    async def _once(
        self, action: str, calls: AccountCalls, about: Mapping[str, str], region: str, answers: dict[str, Any]
    ) -> Lack | None:
        call = PROBES[action]
        client = await self._clients.client(call.client, region or None)
        operation = getattr(client, xform_name(call.operation))
        try:
            answer: Response = await calls(_STAGE, operation, **call.probe.parameters, **about)
        except EvidenceError as error:
            return None if error.code in call.probe.harmless else _lack(action, region, error)
        answers[action] = answer
        return None


def _about(probe: Probe, caller_id: str, root_id: str) -> dict[str, str]:
    """The parameters that say what a call is about."""
    names = {probe.caller_in: caller_id, probe.root_in: root_id}
    return {name: value for name, value in names.items() if name}


def _lack(action: str, region: str, error: EvidenceError) -> Lack:
    regions = (region,) if region else ()
    return Lack(action, regions, error.code, error.message, is_denied=is_denial(error.code))


def _merged(lacks: Sequence[Lack], *, everywhere: bool) -> Lack:
    regions = () if everywhere else tuple(region for lack in lacks for region in lack.regions)
    first = lacks[0]
    return Lack(first.action, regions, first.code, first.message, first.is_denied)
