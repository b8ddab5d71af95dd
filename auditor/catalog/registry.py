"""The validated catalogue and the questions that the rest of the product asks it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from auditor.catalog.entries import Benchmark, Control, Crosswalk, Direction, Override, Requirement
from auditor.catalog.entry import Entry, Parameter
from auditor.catalog.guard import looser_parameters, looser_than, regraded
from auditor.catalog.narrowing import is_within, narrowed
from auditor.catalog.selection import Selection
from auditor.errors import CatalogError, nearest


class Found(NamedTuple):
    """A control that was looked up; by a requirement's id, also where that requirement stands."""

    control: Control
    benchmark: Benchmark | None = None
    requirement: Requirement | None = None


class Compliance(NamedTuple):
    """The requirements (``benchmark:id``) and other frameworks that a control and its related ones map to."""

    requirements: tuple[str, ...]
    frameworks: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Catalog:
    """All controls and crosswalks sorted by id, and all benchmarks by name and version (2.0.0 before 10.0.0).

    ``overrides`` are the parameters that differ by OU, tag or account; ``replaced`` and ``rewritten`` the shipped
    controls and benchmarks in whose place others stand.
    """

    controls: Mapping[str, Control]
    benchmarks: Mapping[str, Benchmark]
    crosswalks: Mapping[str, Crosswalk]
    overrides: tuple[Override, ...] = ()
    replaced: Mapping[str, Control] = field(default_factory=dict)
    rewritten: Mapping[str, Benchmark] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        controls: Iterable[Control],
        benchmarks: Iterable[Benchmark],
        crosswalks: Iterable[Crosswalk] = (),
        overrides: Iterable[Override] = (),
        replaced: Mapping[str, Control] | None = None,
        rewritten: Mapping[str, Benchmark] | None = None,
    ) -> Catalog:
        return cls(
            {c.id: c for c in sorted(controls, key=lambda c: c.id)},
            {b.id: b for b in sorted(benchmarks, key=lambda b: natural(b.id))},
            {c.id: c for c in sorted(crosswalks, key=lambda c: c.id)},
            tuple(overrides),
            replaced or {},
            rewritten or {},
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over the canonical JSON of every entry: equal catalogues judge equally."""
        whole = {
            "controls": _plain(self.controls.values()),
            "benchmarks": _plain(self.benchmarks.values()),
            "crosswalks": _plain(self.crosswalks.values()),
            "overrides": _plain(self.overrides),
        }
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def control(self, control_id: str) -> Control:
        if control_id not in self.controls:
            raise CatalogError(f"unknown control {control_id!r}{nearest(control_id, self.controls)}")
        return self.controls[control_id]

    def benchmark(self, benchmark_id: str) -> Benchmark:
        if benchmark_id not in self.benchmarks:
            raise CatalogError(f"unknown benchmark {benchmark_id!r}{nearest(benchmark_id, self.benchmarks)}")
        return self.benchmarks[benchmark_id]

    def find(self, name: str) -> Found:
        """A control's id, ``benchmark:requirement``, or a requirement's id that only one benchmark has."""
        if name in self.controls:
            return Found(self.controls[name])
        if ":" in name:
            return self._qualified(name)
        return self._unqualified(name)

    def compliance(self, control_id: str) -> Compliance:
        """What the control maps to in every benchmark and framework, by itself or through a related one."""
        ids = {member.id for member in self._family(control_id)}
        requirements = tuple(b.qualified(r) for b, r in self._places() if r.control in ids)
        return Compliance(requirements, self.frameworks_of(control_id))

    def framework(self, framework_id: str) -> Crosswalk:
        if framework_id not in self.crosswalks:
            hint = nearest(framework_id, self.crosswalks)
            raise CatalogError(f"unknown framework {framework_id!r}{hint}; known: {', '.join(self.crosswalks)}")
        return self.crosswalks[framework_id]

    def frameworks_of(self, control_id: str) -> Mapping[str, tuple[str, ...]]:
        """The items of each framework that the control, or a related one, maps to; frameworks without any left out."""
        family = self._family(control_id)
        found = {
            crosswalk.id: tuple(dict.fromkeys(i for member in family for i in crosswalk.mapping.get(member.id, ())))
            for crosswalk in self.crosswalks.values()
        }
        return {framework: items for framework, items in found.items() if items}

    def _family(self, control_id: str) -> list[Control]:
        control = self.control(control_id)
        return [control, *(self.control(other) for other in control.related)]

    def select(
        self,
        benchmark_ids: Sequence[str],
        *,
        level: int | None = None,
        sections: Sequence[str] = (),
        requirements: Sequence[str] = (),
    ) -> Selection:
        """What the named benchmarks ask for, all of it or what the other arguments leave of it (``narrowed``).

        Neither order nor repetition of the names matters. ``requirements`` may be ids, qualified ids and control ids.
        """
        chosen = {self.benchmark(benchmark_id).id for benchmark_id in benchmark_ids}
        if not chosen:
            raise CatalogError("name at least one benchmark: without a benchmark nothing is tested")
        for name in requirements:
            self._refuse_unchosen(name, chosen)
        benchmarks = narrowed([b for b in self.benchmarks.values() if b.id in chosen], level, sections, requirements)
        wanted: dict[str, list[str]] = {}
        for benchmark in benchmarks:
            for requirement in benchmark.requirements:
                wanted.setdefault(requirement.control, []).append(benchmark.qualified(requirement))
        controls = tuple(self.controls[control_id] for control_id in sorted(wanted))
        options = {"benchmark": [b for b in self.benchmarks if b in chosen]}
        narrowing = {"level": level, "section": sorted(set(sections)), "requirement": sorted(set(requirements))}
        return Selection(
            controls,
            {c.id: tuple(wanted[c.id]) for c in controls},
            benchmarks,
            {c.id: self.frameworks_of(c.id) for c in controls},
            self.overrides,
            {c.id: found for c in controls if (found := self.looser(c.id))},
            tuple(text for benchmark_id in options["benchmark"] for text in self._dropped(benchmark_id, level)),
            options | {name: value for name, value in narrowing.items() if value},
        )

    @property
    def uses_tags(self) -> bool:
        """Whether the tags of accounts must be known to tell their parameters."""
        return any(override.tag is not None for override in self.overrides)

    def looser(self, control_id: str) -> tuple[str, ...]:
        """A sentence for each setting of the control that the shipped catalogue would not allow."""
        control = self.control(control_id)
        original = self.replaced.get(control_id, control)
        directions = self._directions(original)
        found = [*looser_than(control, original, directions)] if control is not original else []
        for override in self.overrides:
            if override.control == control_id:
                scope = f"for {override.scope}"
                found += looser_parameters(override.parameters, original.parameters, directions, scope)
        for benchmark, requirement, shipped in self._rewritten():
            if requirement.control == control_id:
                scope = f"for {benchmark.qualified(requirement)}"
                if shipped.control != control_id:
                    asked = self.replaced.get(shipped.control, self.controls[shipped.control])
                    found += looser_than(control, asked, self._directions(asked), scope)
                found += regraded(requirement, shipped, scope)
        return tuple(found)

    def looser_values(self, control_id: str, parameters: Mapping[str, Parameter], scope: str) -> tuple[str, ...]:
        """A sentence for each of these parameters that the shipped catalogue would not allow for the control."""
        original = self.replaced.get(control_id, self.control(control_id))
        return tuple(looser_parameters(parameters, original.parameters, self._directions(original), scope))

    def _directions(self, control: Control) -> Mapping[str, Direction]:
        """Which way the control's parameters get stricter; what it does not say, another of the same test may."""
        found: dict[str, Direction] = {}
        for other in (*self.controls.values(), *self.replaced.values()):
            if other.test == control.test:
                found |= other.stricter
        return found | control.stricter

    def _rewritten(self) -> Iterator[tuple[Benchmark, Requirement, Requirement]]:
        """The requirements that a benchmark in place of a shipped one shares with it, and what they were there."""
        for original in self.rewritten.values():
            for requirement in self.benchmarks[original.id].requirements:
                shipped = original.requirement(requirement.id)
                if shipped:
                    yield self.benchmarks[original.id], requirement, shipped

    def _dropped(self, benchmark_id: str, level: int | None) -> Iterator[str]:
        """``cis-aws-7.0.0 without 2.12 (access-key-rotated-90d), which the shipped one asks for [at level 1]``"""
        shipped, own = self.rewritten.get(benchmark_id), self.benchmarks[benchmark_id]
        for asked in shipped.requirements if shipped else ():
            kept, without = own.requirement(asked.id), f"{own.id} without {asked.id} ({asked.control})"
            if kept is None:
                yield f"{without}, which the shipped one asks for"
            elif level is not None and is_within(asked, level) and not is_within(kept, level):
                yield f"{without}, which the shipped one asks for at level {asked.level}"

    def _refuse_unchosen(self, name: str, chosen: Collection[str]) -> None:
        """A requirement of a benchmark that exists but was not chosen."""
        if ":" in name:
            benchmark = self.find(name).benchmark
            if benchmark and benchmark.id not in chosen:
                raise CatalogError(f"the requirement {name!r} is not of a chosen benchmark; choose {benchmark.id}")

    def _places(self) -> Iterator[tuple[Benchmark, Requirement]]:
        return ((b, r) for b in self.benchmarks.values() for r in b.requirements)

    def _qualified(self, name: str) -> Found:
        benchmark_id, _, requirement_id = name.partition(":")
        benchmark = self.benchmark(benchmark_id)
        requirement = benchmark.requirement(requirement_id)
        if requirement is None:
            hint = nearest(requirement_id, [r.id for r in benchmark.requirements])
            raise CatalogError(f"{benchmark_id} has no requirement {requirement_id!r}{hint}")
        return Found(self.controls[requirement.control], benchmark, requirement)

    def _unqualified(self, name: str) -> Found:
        places = [(b, r) for b, r in self._places() if r.id == name]
        if not places:
            known = [*self.controls, *(r.id for _, r in self._places())]
            raise CatalogError(f"unknown control or requirement {name!r}{nearest(name, known)}")
        if len(places) > 1:
            candidates = ", ".join(b.qualified(r) for b, r in places)
            raise CatalogError(f"the requirement {name!r} is in several benchmarks; name one of {candidates}")
        benchmark, requirement = places[0]
        return Found(self.controls[requirement.control], benchmark, requirement)


def _plain(entries: Iterable[Entry]) -> list[dict[str, object]]:
    return [entry.model_dump(mode="json") for entry in entries]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that compares digits as numbers."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
