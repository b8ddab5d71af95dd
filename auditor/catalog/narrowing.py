"""Leaves of benchmarks only what was asked for by level, section or requirement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.catalog.entries import Benchmark, Requirement
from auditor.errors import CatalogError, nearest

_Wanted = Callable[[Benchmark, Requirement], bool]


def narrowed(
    benchmarks: Sequence[Benchmark], level: int | None, sections: Sequence[str], requirements: Sequence[str]
) -> tuple[Benchmark, ...]:
    """The benchmarks with only the requirements that satisfy all that is given; those left empty are dropped.

    Raises CatalogError for a name that none of them has, and where nothing is left.
    """
    places = [(b, r) for b in benchmarks for r in b.requirements]
    tests: list[_Wanted] = []
    if level is not None:
        tests.append(_by_level(places, level))
    if sections:
        tests.append(_by_section(places, sections))
    if requirements:
        tests.append(_by_name(places, requirements))
    kept = (
        b.model_copy(update={"requirements": tuple(r for r in b.requirements if all(test(b, r) for test in tests))})
        for b in benchmarks
    )
    left = tuple(benchmark for benchmark in kept if benchmark.requirements)
    if not left:
        raise CatalogError("nothing is left to test: no requirement matches the level, sections and ids together")
    return left


_Places = Sequence[tuple[Benchmark, Requirement]]


def _by_level(places: _Places, level: int) -> _Wanted:
    known = sorted({r.level for _, r in places if r.level is not None})
    if level not in known:
        raise CatalogError(f"no chosen benchmark has level {level}; known: {', '.join(map(str, known)) or 'none'}")
    return lambda _, r: is_within(r, level)


def is_within(requirement: Requirement, level: int) -> bool:
    """A level includes the ones below it, as the profiles of CIS do; what has no level is in none."""
    return requirement.level is not None and requirement.level <= level


def _by_section(places: _Places, sections: Sequence[str]) -> _Wanted:
    known = {r.section.casefold(): r.section for _, r in places}
    for name in sections:
        if name.casefold() not in known:
            hint = nearest(name, known.values())
            raise CatalogError(f"no chosen benchmark has a section {name!r}{hint}; known: {', '.join(known.values())}")
    wanted = {name.casefold() for name in sections}
    return lambda _, r: r.section.casefold() in wanted


def _by_name(places: _Places, names: Sequence[str]) -> _Wanted:
    known = {name for b, r in places for name in (r.id, b.qualified(r), r.control)}
    for name in names:
        if name not in known:
            hint = nearest(name, sorted(known))
            raise CatalogError(f"no chosen benchmark has the requirement or control {name!r}{hint}")
    wanted = set(names)
    return lambda b, r: not wanted.isdisjoint((r.id, b.qualified(r), r.control))
