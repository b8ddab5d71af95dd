"""What changed from one benchmark to another: requirements that came, went, moved, or ask for something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.catalog.entries import Benchmark, Control, Requirement
from auditor.catalog.guard import value_words

Controls = Mapping[str, Control]


@dataclass(frozen=True)
class Change:
    """One requirement of either benchmark, or of both, with the control each points at.

    ``details`` says what differs beside the id: ``level 1 -> 2``, ``max_unused_days 90 -> 45``.
    """

    old: Requirement | None
    new: Requirement | None
    details: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``came``, ``went``, ``moved`` (another id, and maybe more), ``changed`` or ``same``."""
        if self.old is None:
            return "came"
        if self.new is None:
            return "went"
        if self.old.id != self.new.id:
            return "moved"
        return "changed" if self.details else "same"

    @property
    def controls(self) -> tuple[str | None, str | None]:
        """The control that the old and the new requirement point at."""
        return (self.old.control if self.old else None, self.new.control if self.new else None)


def compare(old: Benchmark, new: Benchmark, controls: Controls) -> tuple[Change, ...]:
    """Every requirement of ``new`` in its order, then those of ``old`` that are gone.

    Two requirements are the same one when they point at the same control, or else at controls that test the same
    with other limits (``credentials-unused-90d`` and ``-45d``).
    """
    left = list(old.requirements)
    partners: dict[str, Requirement] = {}
    for same in (_same_control, _same_test):
        for requirement in new.requirements:
            if requirement.id not in partners:
                found = next((r for r in left if same(controls[r.control], controls[requirement.control])), None)
                if found is not None:
                    partners[requirement.id] = found
                    left.remove(found)
    kept = [_change(partners.get(r.id), r, controls) for r in new.requirements]
    return (*kept, *(Change(r, None) for r in left))


def _same_control(one: Control, other: Control) -> bool:
    return one.id == other.id


def _same_test(one: Control, other: Control) -> bool:
    """The same test over the same units, and other numbers at most in parameters that can be looser or stricter."""
    if one.test is None or (one.test, one.unit, one.credentials) != (other.test, other.unit, other.credentials):
        return False
    limits = {*one.stricter, *other.stricter}
    return all(other.parameters.get(name) == value for name, value in one.parameters.items() if name not in limits)


def _change(old: Requirement | None, new: Requirement, controls: Controls) -> Change:
    return Change(old, new, tuple(_details(old, new, controls)) if old else ())


def _details(old: Requirement, new: Requirement, controls: Controls) -> Iterator[str]:
    if old.level != new.level:
        yield f"level {value_words(old.level)} -> {value_words(new.level)}"
    if old.assessment != new.assessment:
        yield f"type {old.assessment.value} -> {new.assessment.value}"
    before, after = controls[old.control].parameters, controls[new.control].parameters
    for name in before | after:
        if before.get(name) != after.get(name):
            yield f"{name} {value_words(before.get(name))} -> {value_words(after.get(name))}"


def differing(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Those under which another control, or none, is asked for: only there can verdicts differ."""
    return tuple(change for change in changes if change.controls[0] != change.controls[1])
