"""What kinds of evidence declare: right by AWS's own service models, complete, and written in one place."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import auditor.kinds
from auditor import model
from auditor.aws.collectors import CollectorParts, make_collector
from auditor.aws.collectors.regions import EnabledRegions
from auditor.aws.probes import PROBES
from auditor.catalog import load_catalog
from auditor.cli.collecting import kinds_needed
from auditor.errors import EvidenceError, PluginError
from auditor.kinds import KINDS, evidence_kinds
from auditor.kinds.declaration import EachItem, Kind, Probe, RowPerItem
from auditor.model import ACCESS_ANALYZERS, EC2_INSTANCES, Evidence
from auditor.settings import Settings
from auditor.store import evidence
from auditor.tables import EVIDENCE_TABLES
from tests.clients import Direct, answering
from tests.service_models import problems

PACKAGE = Path(auditor.__file__).parent
ALL = [pytest.param(kind, id=name) for name, kind in KINDS.items()]
DTYPES = {"str", "Int64", "boolean", "datetime64[us, UTC]"}


@pytest.mark.parametrize("kind", ALL)
def test_aws_knows_all_that_a_kind_declares(kind: Kind) -> None:
    assert problems(kind) == []


def with_call(name: str, number: int = 0, **changes: Any) -> Kind:
    """A kind of which one call is declared differently."""
    calls = list(KINDS[name].calls)
    calls[number] = replace(calls[number], **changes)
    return replace(KINDS[name], calls=tuple(calls))


def with_table(name: str, **changes: Any) -> Kind:
    return replace(KINDS[name], tables=(replace(KINDS[name].tables[0], **changes),))


def with_column(name: str, **changes: Any) -> Kind:
    columns = KINDS[name].tables[0].columns
    return with_table(name, columns=(replace(columns[0], **changes), *columns[1:]))


def with_rows(name: str, member: str) -> Kind:
    """A kind whose code reads a member of the first item."""

    def rows(_: str, document: evidence.Document) -> Any:
        for line, item in document.items(KINDS[name].calls[0].items):
            yield {"line": line, "name": str(item.get(member))}

    return with_table(name, rows=rows)


CERTIFICATES = RowPerItem("iam:ListServerCertificates", "ServerCertificateMetadataList", "ServerCertificateName", "Arn")
MISSPELT: Mapping[str, Kind] = {
    "operation": with_call("account-summary", action="iam:GetAccountSumary"),
    "client": with_call("access-analyzers", service="access-analyser"),
    "client that is not named": with_call("access-analyzers", service=""),
    "parameter": with_call("virtual-mfa-devices", parameters={"AsignmentStatus": "Assigned"}),
    "type of a parameter": with_call("server-certificates", parameters={"MaxItems": "1000"}),
    "parameter that is needed": with_call("contacts", parameters={}),
    "list": with_call("trusted-services", items="EnabledServicePrincipal"),
    "member that is no list": with_call("authorization-details", items="IsTruncated"),
    "list of the items": with_call("organization-policies", 2, for_each=EachItem("Policy", "Id", "PolicyId")),
    "member of the items": with_call("organization-policies", 2, for_each=EachItem("Policies", "ID", "PolicyId")),
    "parameter of the items": with_call("organization-policies", 2, for_each=EachItem("Policies", "Id", "Policy")),
    "error code": with_call("password-policy", answers=("NoSuchEntityExists",)),
    "parameter of a probe": with_call("ec2-instances", probe=Probe({"MaxResult": 5})),
    "error code of a probe": with_call("access-keys", probe=Probe(harmless=("NoSuchUser",))),
    "parameter for the caller": with_call("account-tags", probe=Probe(caller_in="AccountId")),
    "parameter for the root": with_call("ou-tree", 1, probe=Probe(root_in="RootId")),
    "path": with_column("account-summary", path="User"),
    "path below a member": with_column("server-certificates", path="Expiration.Day"),
    "dtype": with_column("server-certificates", path="Path", dtype="Int64"),
    "list of the rows": with_table("server-certificates", source=replace(CERTIFICATES, items="ServerCertificates")),
    "name of the rows": with_table("server-certificates", source=replace(CERTIFICATES, name="Name")),
    "ARN of the rows": with_table("server-certificates", source=replace(CERTIFICATES, arn="ARN")),
    "call of the rows": with_table("server-certificates", source=replace(CERTIFICATES, action="iam:ListUsers")),
    "member that code reads": with_rows("server-certificates", "ServerCertificateNam"),
    "column that code makes": with_table("contacts", columns=KINDS["contacts"].tables[0].columns[1:]),
}


@pytest.mark.parametrize("kind", MISSPELT.values(), ids=list(MISSPELT))
def test_what_is_misspelt_is_found(kind: Kind) -> None:
    assert problems(kind)


def test_what_code_reads_by_its_right_name_is_no_problem() -> None:
    assert problems(with_rows("server-certificates", "ServerCertificateName")) == []


# --- one place ---


def test_a_module_is_called_like_its_kind() -> None:
    modules = {path.stem if path.is_file() else path.name for path in (PACKAGE / "kinds").iterdir()}
    modules -= {"__init__", "__pycache__", "declaration"}
    assert modules == {name.replace("-", "_") for name in KINDS}


def test_every_name_of_a_kind_in_the_model_is_one() -> None:
    named = {name: value for name, value in vars(model).items() if name.isupper() and isinstance(value, str)}
    kinds = {name: value for name, value in named.items() if not value.startswith(("<", "("))}
    assert set(kinds.values()) <= set(KINDS)
    assert {name for name, value in kinds.items() if name != value.replace("-", "_").upper()} == set()


def test_no_list_of_all_kinds_is_written_by_hand() -> None:
    constants = {value.replace("-", "_").upper() for value in KINDS}
    others = [p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in ("reperform", "sandbox")]
    for path in others:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
                parts = node.keys if isinstance(node, ast.Dict) else node.elts
                names = {part.id for part in parts if isinstance(part, ast.Name)} & constants
                texts = {str(part.value) for part in parts if isinstance(part, ast.Constant)} & set(KINDS)
                assert len(names | texts) < len(KINDS) / 3, f"{path}:{node.lineno}"


def test_tables_and_columns_are_described() -> None:
    for kind in KINDS.values():
        assert kind.about.endswith(".")
        assert len({table.unit for table in kind.tables}) == len(kind.tables)
        for table in kind.tables:
            assert table.about.endswith(".") == bool(table.name)
            assert len(table.dtypes) == len(table.columns)
            assert {column.name for column in table.columns if not column.about.endswith(".")} == set()
            assert set(table.dtypes.values()) <= DTYPES
            assert {c.name for c in table.columns if c.dtype.startswith("datetime") and c.unit != "UTC"} == set()
            assert {c.name for c in table.columns if c.name.endswith("_days") and c.unit != "days"} == set()
    named = [table.name for kind in KINDS.values() for table in kind.tables if table.name]
    assert sorted(named) == list(EVIDENCE_TABLES)


def test_a_kind_looks_at_kinds_of_the_same_owner() -> None:
    for kind in KINDS.values():
        assert {KINDS[name].owner for name in kind.after} <= {kind.owner}
        assert kind.spared is None or kind.after


def test_every_action_has_a_probe_but_those_of_a_session_of_root() -> None:
    actions = {action for name in evidence_kinds() for action in KINDS[name].actions}
    assert set(PROBES) - actions == {"organizations:DescribeOrganization", "organizations:ListAccounts"}
    assert actions <= set(PROBES)


def test_optional_kinds_are_collected_only_where_the_settings_ask_for_them() -> None:
    catalog = load_catalog()
    selection = catalog.select(tuple(catalog.benchmarks))
    optional = {name for name, kind in KINDS.items() if kind.optional}
    assert set(kinds_needed(selection, Settings())) == set(KINDS) - optional
    asked_for = Settings(ec2_instances=True, account_tags=True, root_audit="assume-root")
    assert set(kinds_needed(selection, asked_for)) == set(KINDS)


def test_kinds_are_light() -> None:
    loaded = "import sys, auditor.kinds; len(auditor.kinds.KINDS); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert not {"pandas", "numpy", "pyarrow", "duckdb", "boto3", "botocore"} & set(found.stdout.split())


# --- kinds of other packages ---

CODE = """
from dataclasses import replace
from auditor.kinds.declaration import Kind, Owner

KIND = Kind(name="seats", owner=Owner.ACCOUNT, about="Seats.", calls=())
CONTACTS = replace(KIND, name="contacts")
"""


def kinds_with(folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> Mapping[str, Kind]:
    """The kinds where a package is installed whose metadata have that entry point."""
    info = folder / "acme_seats-1.2.dist-info"
    info.mkdir()
    (folder / "acme_seats.py").write_text(CODE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-seats\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[auditor.kinds]\n{entry}\n")
    monkeypatch.delitem(sys.modules, "acme_seats", raising=False)
    monkeypatch.syspath_prepend(folder)
    return type(KINDS)()


def test_a_package_brings_a_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = kinds_with(tmp_path, monkeypatch, "seats = acme_seats:KIND")
    assert found["seats"].about == "Seats."
    assert list(found) == sorted([*KINDS, "seats"])


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("contacts = acme_seats:CONTACTS", "has the name of a kind of evidence that the product has"),
        ("chairs = acme_seats:KIND", "must be a Kind with the name 'chairs'"),
        ("seats = acme_seats:CODE", "cannot be loaded: AttributeError"),
        ("seats = acme_seats:replace", "must be a Kind with the name 'seats'"),
    ],
)
def test_a_kind_that_cannot_be_used_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, sentence: str
) -> None:
    with pytest.raises(PluginError, match=sentence) as raised:
        len(kinds_with(tmp_path, monkeypatch, entry))
    assert "acme-seats 1.2" in str(raised.value)


def test_a_module_of_a_package_can_be_imported_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds_with(tmp_path, monkeypatch, "seats = acme_seats:KIND")
    used = "from acme_seats import KIND; from auditor.kinds import KINDS; assert KINDS['seats'] is KIND"
    paths = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])}
    subprocess.run([sys.executable, "-c", used], check=True, env={**os.environ, **paths})


def test_a_module_without_a_kind_of_its_name_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seats.py").write_text("KIND = None\n")
    monkeypatch.setattr(auditor.kinds, "__path__", [str(tmp_path), *auditor.kinds.__path__])
    with pytest.raises(ImportError, match=r"auditor\.kinds\.seats must have a KIND of that name"):
        len(type(KINDS)())


# --- the regions of an account ---

REGIONAL = (ACCESS_ANALYZERS, EC2_INSTANCES)


class Box:
    """AWS with two regions; ``asked`` counts how often they were listed."""

    def __init__(self, error: str = "") -> None:
        self.asked, self._error = 0, error
        self._answers = {"describe_regions": self.regions}
        self.parts = CollectorParts(answering(self._answers), EnabledRegions(), 1.0)

    def regions(self) -> dict[str, Any]:
        self.asked += 1
        if self._error:
            raise EvidenceError("fetch", self._error, "AWS says no", "id-1")
        listed = [{"RegionName": "eu-west-1"}, {"RegionName": "eu-central-1"}]
        return {"Regions": listed, "ResponseMetadata": {"RequestId": f"id-{self.asked}"}}

    async def collect(self, kind: str, calls: Direct) -> Evidence:
        return await make_collector(KINDS[kind], self.parts).collect("123456789012", calls, {})  # type: ignore[arg-type]


async def test_regional_kinds_share_one_list_of_regions_an_account() -> None:
    box, one, other = Box(), Direct(), Direct()
    files = [await box.collect(kind, calls) for calls in (one, other) for kind in REGIONAL]
    assert box.asked == 2
    for file, request_id in zip(files, ("id-1", "id-1", "id-2", "id-2"), strict=True):
        first, *others = json.loads(file.content)["calls"]
        assert (first["operation"], first["request_id"]) == ("ec2:DescribeRegions", request_id)
        assert [call["region"] for call in others] == ["eu-central-1", "eu-west-1"]


async def test_regions_that_cannot_be_listed_are_a_failure_of_each_kind() -> None:
    box, calls = Box("UnauthorizedOperation"), Direct()
    for kind in REGIONAL:
        with pytest.raises(EvidenceError, match="AWS says no") as raised:
            await box.collect(kind, calls)
        assert (raised.value.code, raised.value.request_id) == ("UnauthorizedOperation", "id-1")
    assert box.asked == 1


async def test_given_regions_are_not_asked_for() -> None:
    box = Box()
    box.parts = replace(box.parts, regions=EnabledRegions(("eu-west-3", "eu-west-3")))
    file = await box.collect(EC2_INSTANCES, Direct())
    assert [call["region"] for call in json.loads(file.content)["calls"]] == ["eu-west-3"]
    assert box.asked == 0
