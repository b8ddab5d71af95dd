"""The catalogue: what is tested, and which documents ask for it."""

from auditor.catalog.comparing import Change, compare, differing
from auditor.catalog.entries import (
    AssessmentType,
    Benchmark,
    Control,
    Crosswalk,
    Direction,
    Override,
    Peers,
    Remediation,
    Requirement,
)
from auditor.catalog.entry import Parameter
from auditor.catalog.loading import load_catalog
from auditor.catalog.registry import Catalog, Compliance, Found, natural
from auditor.catalog.selection import Doubt, Parameters, Place, Selection
from auditor.catalog_folders import catalog_folders, config_folder

__all__ = [
    "AssessmentType",
    "Benchmark",
    "Catalog",
    "Change",
    "Compliance",
    "Control",
    "Crosswalk",
    "Direction",
    "Doubt",
    "Found",
    "Override",
    "Parameter",
    "Parameters",
    "Peers",
    "Place",
    "Remediation",
    "Requirement",
    "Selection",
    "catalog_folders",
    "compare",
    "config_folder",
    "differing",
    "load_catalog",
    "natural",
]
