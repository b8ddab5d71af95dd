"""A kind of evidence has the same name in every folder that tells of it, and stands in no other list."""

from __future__ import annotations

import pkgutil
from types import ModuleType

import pytest

from auditor import kinds
from auditor.kinds import KINDS
from auditor.reperform.plain import kinds as plain
from auditor.sandbox import kinds as boxed

DECLARED = {name.replace("-", "_") for name in KINDS}


@pytest.mark.parametrize("folder", [kinds, plain, boxed], ids=lambda module: module.__name__)
def test_each_kind_has_a_module_of_its_name(folder: ModuleType) -> None:
    assert {module.name for module in pkgutil.iter_modules(folder.__path__)} - {"declaration"} == DECLARED


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_module_says_in_one_sentence_what_its_kind_is(name: str) -> None:
    assert KINDS[name.replace("_", "-")].about.endswith(".")
