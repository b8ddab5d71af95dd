"""The validated catalogue and the questions that the rest of the product asks it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from auditor.catalog.entries import Benchmark, Control, Entry, Requirement
from auditor.errors import CatalogError, nearest

DEFAULT_BENCHMARKS = ("aws-iam-rules", "cis-aws-7.0.0")


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
class Selection:
    """The controls to run, sorted by id, and the qualified requirements that ask for each."""

    controls: tuple[Control, ...]
    requirements: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Catalog:
    """All controls sorted by id, and all benchmarks sorted by name and version (2.0.0 before 10.0.0)."""

    controls: Mapping[str, Control]
    benchmarks: Mapping[str, Benchmark]

    @classmethod
    def of(cls, controls: Iterable[Control], benchmarks: Iterable[Benchmark]) -> Catalog:
        return cls(
            {c.id: c for c in sorted(controls, key=lambda c: c.id)},
            {b.id: b for b in sorted(benchmarks, key=lambda b: _natural(b.id))},
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over the canonical JSON of every entry: equal catalogues judge equally."""
        whole = {"controls": _plain(self.controls), "benchmarks": _plain(self.benchmarks)}
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
        control = self.control(control_id)
        family = [control, *(self.control(other) for other in control.related)]
        ids = {member.id for member in family}
        frameworks: dict[str, dict[str, None]] = {}
        for member in family:
            for framework, items in member.frameworks.items():
                frameworks.setdefault(framework, {}).update(dict.fromkeys(items))
        return Compliance(
            tuple(b.qualified(r) for b, r in self._places() if r.control in ids),
            {framework: tuple(items) for framework, items in sorted(frameworks.items())},
        )

    def select(self, benchmark_ids: Sequence[str]) -> Selection:
        """What the named benchmarks ask for; neither order nor repetition of the names matters."""
        chosen = {self.benchmark(benchmark_id).id for benchmark_id in benchmark_ids}
        if not chosen:
            raise CatalogError("no benchmark was named: without one nothing would be tested")
        wanted: dict[str, list[str]] = {}
        for benchmark, requirement in self._places():
            if benchmark.id in chosen:
                wanted.setdefault(requirement.control, []).append(benchmark.qualified(requirement))
        controls = tuple(self.controls[control_id] for control_id in sorted(wanted))
        return Selection(controls, {c.id: tuple(wanted[c.id]) for c in controls})

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


def _plain(entries: Mapping[str, Entry]) -> list[dict[str, object]]:
    return [entry.model_dump(mode="json") for entry in entries.values()]


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that compares digits as numbers."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
