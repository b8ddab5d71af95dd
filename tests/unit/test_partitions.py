"""Every partition that the SDK knows: ARNs that are made here are of the account's own, and no list is kept."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.catalog import load_catalog
from auditor.judge.assessing import assess
from auditor.model import CREDENTIAL_REPORT, EC2_INSTANCES, ROOT_CREDENTIALS
from auditor.policy import open_principals
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.policies.everybody import strangers
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.store.snapshot import Snapshot
from tests.documents import instance, instances
from tests.partitions import PARTITIONS
from tests.support import ACCOUNT, AS_OF, OTHER, catalog, gap, only, report, root, stored
from tests.unit.test_root_credentials import told

PACKAGE = Path(__file__).parents[2] / "auditor"
CASES = [(partition, region) for partition, regions in PARTITIONS.items() for region in regions[:2]]


def snapshot_in(folder: Path, partition: str, region: str, *, listed: bool) -> Snapshot:
    """An account with an instance, and one of which only root is known; ``listed``: Organizations told their ARNs."""
    documents = {
        ACCOUNT: {EC2_INSTANCES: instances({region: [instance("i-1")]})},
        OTHER: {ROOT_CREDENTIALS: told()},
    }
    gaps = {OTHER: [gap(CREDENTIAL_REPORT, stage="assume")]}
    made = stored(folder, {ACCOUNT: report([root()])}, documents=documents, gaps=gaps)
    manifest = json.loads((made.folder / "manifest.json").read_text())
    if listed:
        for record in manifest["accounts"]:
            account = record["account"]
            account["arn"] = f"arn:{partition}:organizations::{ACCOUNT}:account/o-test/{account['id']}"
    else:
        manifest["caller"]["arn"] = manifest["caller"]["arn"].replace("arn:aws:", f"arn:{partition}:")
    (made.folder / "manifest.json").write_text(json.dumps(manifest))
    return Snapshot.open(made.folder)


@pytest.mark.parametrize("listed", [True, False], ids=["own ARN", "caller's ARN"])
@pytest.mark.parametrize(("partition", "region"), CASES)
def test_arns_are_of_the_accounts_partition(partition: str, region: str, listed: bool, tmp_path: Path) -> None:
    snapshot = snapshot_in(tmp_path, partition, region, listed=listed)
    for control, wanted in (
        ("ec2-instance-role-used", f"arn:{partition}:ec2:{region}:{ACCOUNT}:instance/i-1"),
        ("root-no-access-key", f"arn:{partition}:iam::{OTHER}:root"),
    ):
        selection = only(control)
        found = assess(snapshot, catalog=catalog(), selection=selection).findings
        theirs = {str(arn) for arn in found["resource_arn"].dropna()}
        assert wanted in theirs
        plainly = reperformed(collected(snapshot.folder), plain_controls(selection), AS_OF)
        assert {row.resource_arn for verdicts in plainly for row in verdicts.rows if row.resource_arn} == theirs


@pytest.mark.parametrize("audience", ["https://{region}.signin.{suffix}/saml", "https://signin.{suffix}/saml"])
@pytest.mark.parametrize(("partition", "region"), CASES)
def test_the_audience_that_all_accounts_share_opens_a_role(partition: str, region: str, audience: str) -> None:
    from botocore.loaders import Loader

    data = {p["id"]: p["outputs"]["dnsSuffix"] for p in Loader().load_data("partitions")["partitions"]}
    suffix = data[partition]
    for key, value in (
        ("SAML:aud", audience.format(region=region, suffix=suffix)),
        ("token.example.com:aud", f"sts.{region}.{suffix}"),
    ):
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
        policy = {"Statement": statement | {"Condition": {"StringEquals": {key: value}}}}
        assert len(open_principals(policy)) == len(strangers(policy)) == 1, value


GOVCLOUD = "aws-us-gov"
ABOUT_GOVCLOUD = {
    "judge/checks/root.py",
    "reperform/plain/rules/root.py",
    "sandbox/kinds/contacts.py",
}


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a module but the docstrings."""
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.value


def test_no_list_of_partitions_is_kept() -> None:
    """The box has some for its own regions; CIS itself speaks of GovCloud."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        said = " ".join(texts(ast.parse(path.read_text(encoding="utf-8"))))
        named = {partition for partition in PARTITIONS if partition != "aws" and partition in said}
        if named:
            found[str(path.relative_to(PACKAGE))] = named
    assert found.pop("sandbox/options.py")
    assert {file for file, named in found.items() if named != {GOVCLOUD}} <= {"sandbox/regions.py"}
    assert {file for file in found if file != "sandbox/regions.py"} == ABOUT_GOVCLOUD


def test_no_command_of_the_catalogue_names_a_partition() -> None:
    """What is to be replaced stands in capitals."""
    controls = load_catalog().controls.values()
    assert [c.id for c in controls if "arn:aws" in f"{c.remediation.console} {c.remediation.cli} {c.how_tested}"] == []
