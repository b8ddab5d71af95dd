"""The catalogue: what is tested, and which documents ask for it."""

from auditor.catalog.comparing import Change, compare, differing
from auditor.catalog.entries import (
    AssessmentType,
    Benchmark,
    Control,
    Crosswalk,
    Direction,
    Override,
    Parameter,
    Peers,
    Remediation,
    Requirement,
)
from auditor.catalog.loading import config_folder, load_catalog
from auditor.catalog.registry import DEFAULT_BENCHMARKS, Catalog, Compliance, Found, natural
from auditor.catalog.selection import Parameters, Place, Selection

__all__ = [
    "DEFAULT_BENCHMARKS",
    "AssessmentType",
    "Benchmark",
    "Catalog",
    "Change",
    "Compliance",
    "Control",
    "Crosswalk",
    "Direction",
    "Found",
    "Override",
    "Parameter",
    "Parameters",
    "Peers",
    "Place",
    "Remediation",
    "Requirement",
    "Selection",
    "compare",
    "config_folder",
    "differing",
    "load_catalog",
    "natural",
]
