"""Nothing that is promised in an order depends on how a processor sorts, on a folder's listing or on hash values."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from auditor.judge.assessing import assess
from auditor.model import ACCESS_KEYS
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.report import figures
from auditor.store.evidence import Answer, Document
from tests.support import ACCOUNT, AS_OF, COLUMNS, ago, catalog, excluded, key, only, report, root, stored, user

PACKAGE = Path(__file__).parents[2] / "auditor"
SORTS = {"sort_values", "argsort", "sort_index"}
# Not to be used: they sort without saying how, or in whatever order they find.
NEVER = {
    "nlargest",
    "nsmallest",
    "sort_indices",
    "array_sort_indices",
    "partition_nth_indices",
    "sort_by",
    "argpartition",
}
LISTINGS = {"iterdir", "glob", "rglob", "scandir", "listdir", "walk"}
# What takes a listing, or a set, in any order and gives the same.
ORDERLESS = {"sorted", "any", "all", "max", "min", "sum", "len", "set", "frozenset"}
KNOWN = {
    "auditor/judge/waivers/names.py": "array_sort_indices",  # of distinct texts, so that there are no ties
    "auditor/store/files.py": "iterdir glob walk",  # files are removed in any order; the walk sorts each folder
    "auditor/store/snapshot.py": "glob iterdir",  # unfinished files are removed; the latest folder is found by max
    "auditor/history/earlier.py": "iterdir",  # sorted in the line below
    "auditor/store/seal/contents.py": "scandir",  # sorted in the line below
}
SETS = {"set", "frozenset"}
MORE = "additional_credentials_info"
IN_ORDER = {"list", "tuple", "enumerate", "iter", "zip", "map", "filter", "join", "fromkeys"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE.parent)), ast.parse(path.read_text(encoding="utf-8"))


def name_of(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def said(call: ast.Call, keyword: str) -> object:
    return next((k.value.value for k in call.keywords if k.arg == keyword and isinstance(k.value, ast.Constant)), None)


def unstable(file: str, tree: ast.Module) -> Iterator[str]:
    """Sorts and counts of pandas, numpy and Arrow that leave ties, or equal counts, in any order."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, where = name_of(node), f"{file}:{node.lineno}"
        if name in SORTS and said(node, "kind") != "stable":
            yield f"{where}: {name} without kind='stable'"
        if (
            name == "sort"
            and isinstance(node.func, ast.Attribute)
            and getattr(node.func.value, "id", "") in ("np", "pd")
        ):
            yield f"{where}: np.sort"
        if name == "value_counts" and said(node, "sort") is not False:
            yield f"{where}: value_counts without sort=False"
        if name == "most_common" or (name in NEVER and name not in KNOWN.get(file, "").split()):
            yield f"{where}: {name}"


def unordered(file: str, tree: ast.Module) -> Iterator[str]:
    """Listings of folders, and sets, whose order somebody could come to depend on."""
    orderless = [node for node in ast.walk(tree) if name_of(node) in ORDERLESS]
    calm = {id(inner) for call in orderless for part in ast.iter_child_nodes(call) for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or name_of(node) not in LISTINGS or id(node) in calm:
            continue
        if name_of(node) not in KNOWN.get(file, "").split():
            yield f"{file}:{node.lineno}: {name_of(node)} is not sorted"
    for one in iterated(tree):
        if (isinstance(one, ast.Set | ast.SetComp) or name_of(one) in SETS) and id(one) not in calm:
            yield f"{file}:{one.lineno}: a set is gone through in its own order"


def iterated(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        if isinstance(node, ast.Starred):
            yield node.value
        if isinstance(node, ast.Call) and name_of(node) in IN_ORDER:
            yield from node.args


@pytest.mark.parametrize("find", [unstable, unordered], ids=lambda find: str(find.__name__))
def test_no_order_is_left_to_chance(find: Callable[[str, ast.Module], Iterator[str]]) -> None:
    assert [problem for file, tree in modules() for problem in find(file, tree)] == []


def test_listings_and_sorts_of_every_kind_are_seen() -> None:
    """The rules above look at what they are meant to look at."""
    sorts = "f.sort_values('x'); a.argsort(); np.sort(a); c.value_counts(); f.nlargest(1, 'x'); pc.sort_indices(t)"
    assert len(list(unstable("x.py", ast.parse(sorts)))) == 6
    calm = "f.sort_values('x', kind='stable'); a.argsort(kind='stable'); c.value_counts(sort=False)"
    assert list(unstable("x.py", ast.parse(calm))) == []
    loose = "[p for p in d.iterdir()]; list(set(x)); [*{1, 2}]; ', '.join(frozenset(x)); os.walk(d)"
    assert len(list(unordered("x.py", ast.parse(loose)))) == 5
    assert list(unordered("x.py", ast.parse("sorted(d.glob('*')); sorted(set(x)); any(a for a in {1, 2})"))) == []


def equal_lines(users: int) -> tuple[bytes, Document]:
    """A report and a list of further keys whose lines have the same numbers; none of the keys can be judged."""
    names = [f"u{number:04d}" for number in range(users)]
    unknown = key(1, ago(100), "not_supported") | key(2, ago(101), "not_supported") | {MORE: "1"}
    rows = [root(), user("a"), *(user(name, **unknown) for name in names)]
    content = report([{MORE: "0"} | row for row in rows], (*COLUMNS, MORE))
    listed = {"Status": "Active", "CreateDate": ago(50), "AccessKeyId": "AKIA1"}
    answers = [
        Answer("iam:ListAccessKeys", {"AccessKeyMetadata": [listed]}, parameters={"UserName": name}) for name in names
    ]
    return content, Document(ACCESS_KEYS, tuple(answers))


@pytest.mark.parametrize("users", [128, 224, 248])
def test_the_first_of_many_undecided_units_is_named(users: int, tmp_path: Path) -> None:
    """These numbers of users are some for which a sort that is not stable names another one."""
    content, listed = equal_lines(users)
    snapshot = stored(tmp_path, {ACCOUNT: content}, documents={ACCOUNT: {ACCESS_KEYS: listed}})
    selection = only("credentials-unused-45d")
    found = assess(snapshot, catalog=catalog(), selection=selection).findings
    ((file, line, reason),) = found[["evidence_file", "evidence_line", "reason"]].values
    assert (file, line) == (f"evidence/{ACCOUNT}/credential-report.csv", 4)
    assert reason.startswith(f"{3 * users} units undecided; line 4: the credential is active, but the report does not")
    (verdicts,) = reperformed(collected(snapshot.folder), plain_controls(selection), AS_OF)
    assert [(row.evidence_file, row.evidence_line) for row in verdicts.rows] == [(file, "4")]


def test_equally_frequent_values_stand_in_the_order_of_their_texts() -> None:
    values = pd.Series(["b", "c", "a", "c", "d", "b", "é", "D"])
    assert list(figures.by_count(values).items()) == [("b", 2), ("c", 2), ("D", 1), ("a", 1), ("d", 1), ("é", 1)]


# AVX-512 and AVX2 sort by networks of their own; without them numpy sorts as on any other processor.
PLAIN_PROCESSOR = "AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4 X86_V3 AVX2"
SURROUNDINGS = (
    {"PYTHONHASHSEED": "1"},
    {"PYTHONHASHSEED": "2", "NPY_DISABLE_CPU_FEATURES": PLAIN_PROCESSOR, "OMP_NUM_THREADS": "1"},
)


def test_another_processor_and_other_hash_values_give_the_same_bytes(tmp_path: Path) -> None:
    content, listed = equal_lines(224)
    excluded_ = [replace(excluded(f"{n:012d}"), reason=f"reason {n % 4}") for n in range(20, 40)]
    snapshot = stored(tmp_path, {ACCOUNT: content}, *excluded_, documents={ACCOUNT: {ACCESS_KEYS: listed}})
    found = []
    for number, surroundings in enumerate(SURROUNDINGS):
        out = tmp_path / str(number)
        command = [sys.executable, "-W", "ignore", "-m", "auditor", "report", str(snapshot.folder), "--out", str(out)]
        formats = [word for name in ("csv", "json", "xlsx") for word in ("--format", name)]
        subprocess.run([*command, *formats], check=False, capture_output=True, env=os.environ | surroundings)
        found.append({path.name: path.read_bytes() for path in sorted(out.iterdir())})
    assert len(found[0]) > 5
    assert {name for name in found[0].keys() | found[1].keys() if found[0].get(name) != found[1].get(name)} == set()
