"""The catalogue: what is tested, and which documents ask for it."""

from auditor.catalog.entries import AssessmentType, Benchmark, Control, Parameter, Peers, Remediation, Requirement
from auditor.catalog.loading import config_folder, load_catalog
from auditor.catalog.registry import DEFAULT_BENCHMARKS, Catalog, Compliance, Found, Selection

__all__ = [
    "DEFAULT_BENCHMARKS",
    "AssessmentType",
    "Benchmark",
    "Catalog",
    "Compliance",
    "Control",
    "Found",
    "Parameter",
    "Peers",
    "Remediation",
    "Requirement",
    "Selection",
    "config_folder",
    "load_catalog",
]
