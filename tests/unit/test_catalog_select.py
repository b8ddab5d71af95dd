"""What is left of benchmarks by level, section and requirement, and which evidence that needs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auditor.catalog import Benchmark, Catalog, load_catalog
from auditor.errors import CatalogError
from auditor.model import DEFAULT_BENCHMARKS

CATALOG = load_catalog()
V7 = ["cis-aws-7.0.0"]
LEVEL_2 = {"2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6", "2.6", "2.16", "2.19"}


def ids(*benchmarks: str, **narrowing: Any) -> list[str]:
    selection = CATALOG.select(benchmarks or V7, **narrowing)
    asked = [b.qualified(r) for b in selection.benchmarks for r in b.requirements]
    assert sorted(asked) == sorted(name for names in selection.requirements.values() for name in names)
    return [name.partition(":")[2] if len(selection.benchmarks) == 1 else name for name in asked]


def test_level_1_leaves_out_level_2_and_level_2_leaves_out_nothing() -> None:
    everything = ids()
    assert ids(level=1) == [i for i in everything if i not in LEVEL_2]
    assert ids(level=2) == everything


def test_a_requirement_without_a_level_is_in_none() -> None:
    mine = Benchmark.model_validate(
        {"id": "mine", "title": "M", "version": "1", "publisher": "Us", "about": "Ours."}
        | {"requirements": [_asked("1", None), _asked("2", 1)]}
    )
    catalog = Catalog.of(CATALOG.controls.values(), [mine])
    assert [r.id for r in catalog.select(["mine"], level=1).benchmarks[0].requirements] == ["2"]


def _asked(name: str, level: int | None) -> dict[str, object]:
    return {"id": name, "control": "root-mfa", "assessment": "manual", "section": "All", "level": level}


def test_sections_are_named_in_any_case() -> None:
    assert ids(sections=["organizations"]) == ["2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6"]
    assert ids(sections=["Organizations", "Identity and Access Management"]) == ids()


@pytest.mark.parametrize("name", ["2.12", "cis-aws-7.0.0:2.12", "access-key-rotated-90d"])
def test_a_requirement_by_any_of_its_names(name: str) -> None:
    assert ids(requirements=[name]) == ["2.12"]


def test_an_id_that_several_benchmarks_have_is_meant_in_each() -> None:
    names = ids("cis-aws-6.0.0", "cis-aws-7.0.0", requirements=["2.12"])
    assert names == ["cis-aws-6.0.0:2.12", "cis-aws-7.0.0:2.12"]
    one = CATALOG.select(["cis-aws-6.0.0", "cis-aws-7.0.0"], requirements=["cis-aws-6.0.0:2.12"])
    assert [b.id for b in one.benchmarks] == ["cis-aws-6.0.0"]
    assert [c.id for c in one.controls] == ["single-active-access-key"]


def test_all_that_is_given_must_hold() -> None:
    assert ids(level=1, sections=["Identity and Access Management"], requirements=["2.5", "2.4"]) == ["2.4", "2.5"]
    with pytest.raises(CatalogError, match="nothing is left to test"):
        CATALOG.select(V7, level=1, requirements=["2.6"])
    with pytest.raises(CatalogError, match="nothing is left to test"):
        CATALOG.select(V7, sections=["Organizations"], requirements=["2.12"])


@pytest.mark.parametrize(
    ("narrowing", "message"),
    [
        ({"level": 3}, "no chosen benchmark has level 3; known: 1, 2"),
        ({"level": 0}, "no chosen benchmark has level 0; known: 1, 2"),
        ({"sections": ["Organisations"]}, "has a section 'Organisations' (did you mean 'Organizations'?); known: "),
        ({"sections": [""]}, "has a section ''; known: Organizations, "),
        (
            {"requirements": ["2.122"]},
            "no chosen benchmark has the requirement or control '2.122' (did you mean '2.12'",
        ),
        ({"requirements": ["1.14"]}, "no chosen benchmark has the requirement or control '1.14'"),
        ({"requirements": ["root-mfa-always"]}, "has the requirement or control 'root-mfa-always' (did you mean"),
        (
            {"requirements": ["cis-aws-3.0.0:1.14"]},
            "the requirement 'cis-aws-3.0.0:1.14' is not of a chosen benchmark; choose cis-aws-3.0.0",
        ),
        ({"requirements": ["cis-aws-7.0.0:9"]}, "cis-aws-7.0.0 has no requirement '9'"),
        ({"requirements": ["cis-aws-7.0:2.12"]}, "unknown benchmark 'cis-aws-7.0' (did you mean 'cis-aws-7.0.0'?)"),
    ],
)
def test_what_no_benchmark_has_is_refused(narrowing: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(message)):
        CATALOG.select(V7, **narrowing)


def test_evidence_is_what_the_chosen_controls_read() -> None:
    assert CATALOG.select(["aws-iam-rules"]).evidence == {"credential-report"}
    assert CATALOG.select(V7, requirements=["2.4"]).evidence == {"credential-report", "account-summary"}
    assert CATALOG.select(V7, requirements=["2.1.6"]).evidence == {"delegated-administrators", "trusted-services"}
    assert CATALOG.select(["cis-aws-3.0.0"], requirements=["security-questions-set"]).evidence == frozenset()


def test_options_tell_what_was_asked_in_one_order() -> None:
    assert CATALOG.select(DEFAULT_BENCHMARKS).options == {"benchmark": list(DEFAULT_BENCHMARKS)}
    narrowed = CATALOG.select([*reversed(DEFAULT_BENCHMARKS)], level=1, requirements=["2.5", "2.4", "2.5"])
    assert narrowed.options == {
        "benchmark": list(DEFAULT_BENCHMARKS),
        "level": 1,
        "requirement": ["2.4", "2.5"],
    }
    assert narrowed == CATALOG.select(DEFAULT_BENCHMARKS, level=1, requirements=["2.4", "2.5"])
