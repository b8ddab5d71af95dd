"""What a run tests: the chosen controls, who asks for them, and the parameters that hold for each account."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from auditor.catalog.entries import Benchmark, Control, Override
from auditor.catalog.entry import Parameter
from auditor.errors import nearest

Parameters = Mapping[str, Parameter]


class Place(Protocol):
    """What is needed to know of an account to tell its parameters."""

    @property
    def id(self) -> str: ...
    @property
    def ou_path(self) -> str:
        """``Root/Prod/Payments``"""

    @property
    def ou_ids(self) -> tuple[str, ...]:
        """The root's id first."""

    @property
    def tags(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Doubt:
    """What nobody could tell of an account: its OU, its tags."""

    ou: bool = False
    tags: bool = False


@dataclass(frozen=True)
class Selection:
    """The controls to run, sorted by id, and the qualified requirements that ask for each.

    ``benchmarks`` hold only the requirements that were chosen, ``frameworks`` the items of each framework by control,
    ``looser`` the settings of each control that a benchmark would not allow, one sentence each; ``dropped`` names the
    requirements that a benchmark in place of a shipped one leaves out, at the level asked for. ``options`` are what
    was asked for.
    """

    controls: tuple[Control, ...]
    requirements: Mapping[str, tuple[str, ...]]
    benchmarks: tuple[Benchmark, ...] = ()
    frameworks: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    looser: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evidence(self) -> frozenset[str]:
        """The kinds of evidence that the controls read."""
        return frozenset(kind for control in self.controls for kind in control.evidence)

    @property
    def uses_tags(self) -> bool:
        """Whether the tags of an account may change what it is judged by."""
        return any(override.tag is not None for overrides in self._tables.values() for override in overrides.tagged)

    def parameters_of(self, control: Control, account: Place) -> Parameters:
        """The control's parameters, replaced by the overrides that hold for the account.

        The most specific one has the last word: OUs from the root down, then tags, then the account itself; among
        equals the later entry. The time it takes does not grow with the number of OUs or accounts that are named.
        """
        if control.id not in self._tables:
            return control.parameters
        merged = dict(control.parameters)
        for override in self.overrides_of(control, account):
            merged |= override.parameters
        return merged

    def possible_parameters(self, control: Control, account: Place, doubt: Doubt) -> tuple[Parameters, ...]:
        """Every set of parameters that may hold for an account of which something is in ``doubt``.

        The first is that of ``parameters_of``, the only one where the control has no override that may hold.
        """
        table = self._tables.get(control.id)
        if table is None:
            return (control.parameters,)
        found = [dict(control.parameters)]
        for override, is_certain in table.possible(account, doubt):
            changed = [parameters | override.parameters for parameters in found]
            found = changed if is_certain else [*found, *(p for p in changed if p not in found)]
        return tuple(found)

    def overrides_of(self, control: Control, account: Place) -> Iterator[Override]:
        """The overrides of the control that hold for the account, the most specific last."""
        table = self._tables.get(control.id)
        return table.of(account) if table else iter(())

    def idle_overrides(self, accounts: Collection[Place], *, tags_known: bool = True) -> Iterator[str]:
        """A sentence for each override of a chosen control that holds for none of the accounts.

        Nothing is said of those by tag where it is not known how the accounts are tagged.
        """
        chosen = [override for override in self.overrides if override.control in self._tables]
        places = _ous(accounts) if chosen else set()
        for override in chosen:
            if (tags_known or not override.tag) and not _holds_for_any(override, accounts, places):
                hint = nearest(override.ou, places) if override.ou else ""
                yield f"the parameters of {override.control} for {override.scope} match no account{hint}"

    @cached_property
    def _tables(self) -> Mapping[str, _Table]:
        chosen = {control.id for control in self.controls}
        grouped: dict[str, list[Override]] = {}
        for override in self.overrides:
            if override.control in chosen:
                grouped.setdefault(override.control, []).append(override)
        return {control_id: _Table(overrides) for control_id, overrides in grouped.items()}


def _holds_for_any(override: Override, accounts: Collection[Place], ous: Collection[str]) -> bool:
    if override.ou is not None:
        return override.ou in ous
    if override.tag is not None:
        return any(override.tag.items() <= account.tags.items() for account in accounts)
    return any(override.account == account.id for account in accounts)


def _ous(accounts: Iterable[Place]) -> set[str]:
    """Every OU that holds accounts, itself or further down, by its path and by its id."""
    names = [account.ou_path.split("/") for account in accounts]
    paths = {"/".join(parts[:depth]) for parts in names for depth in range(1, len(parts) + 1)}
    return paths | {unit for account in accounts for unit in account.ou_ids}


class _Table:
    """The overrides of one control, to be looked up by account."""

    def __init__(self, overrides: Iterable[Override]) -> None:
        self.tagged: list[Override] = []
        self._accounts: dict[str, list[Override]] = {}
        self._ous: dict[str, list[tuple[int, Override]]] = {}
        for position, override in enumerate(overrides):
            if override.ou is not None:
                self._ous.setdefault(override.ou, []).append((position, override))
            elif override.account is not None:
                self._accounts.setdefault(override.account, []).append(override)
            else:
                self.tagged.append(override)

    def of(self, account: Place) -> Iterator[Override]:
        """Those that hold for the account, the most specific last."""
        return (override for override, _ in self.possible(account, Doubt()))

    def possible(self, account: Place, doubt: Doubt) -> Iterator[tuple[Override, bool]]:
        """Those that hold, or may hold, for the account, and whether that is certain; the most specific last."""
        if doubt.ou:
            listed = sorted((item for found in self._ous.values() for item in found), key=lambda item: item[0])
            yield from ((override, False) for _, override in listed)
        else:
            yield from ((override, True) for override in self._of_ous(account))
        if doubt.tags:
            yield from ((override, False) for override in self.tagged)
        else:
            tags = account.tags.items()
            yield from ((o, True) for o in self.tagged if o.tag and o.tag.items() <= tags)
        yield from ((override, True) for override in self._accounts.get(account.id, ()))

    def _of_ous(self, account: Place) -> Iterator[Override]:
        names = account.ou_path.split("/")
        paths = ["/".join(names[: depth + 1]) for depth in range(len(names))]
        for depth in range(max(len(paths), len(account.ou_ids))):
            here = [*paths[depth : depth + 1], *account.ou_ids[depth : depth + 1]]
            found = [item for name in here for item in self._ous.get(name, ())]
            yield from (override for _, override in sorted(found, key=lambda item: item[0]))
