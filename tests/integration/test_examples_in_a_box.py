"""``auditor run`` on a box in which the examples of the catalogue are planted: each gets its verdict from real answers.

Left out is what a box cannot plant one by one: what nothing tells (NO_EVIDENCE is one row for a whole account), other
parameters, another partition, and facts of the whole organization.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.catalog import Control
from auditor.catalog.examples import Example, moment_of
from auditor.model import ROOT_USER, Status, Unit
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.evidence import PlantedEvidence, RootEvidence
from auditor.sandbox.facts import Key, Password, PlantedAccount, User
from auditor.sandbox.kinds.authorization_details import planted_permissions
from auditor.sandbox.kinds.password_policy import PasswordPolicy, planted_policy
from auditor.sandbox.permissions import BoxedGroup, BoxedRole, Grants, ManagedPolicy, Permissions, PolicyVersion
from auditor.sandbox.policies import service_trust
from tests.boxed import AS_OF, Box, read_csv
from tests.support import catalog

_POLICY_COLUMNS = {
    "minimum_length": "length",
    "reuse_prevention": "reuse",
    "max_password_age_days": "max_age",
    **{name: name for name in ("expires", "uppercase", "lowercase", "symbol", "number")},
}
_NOT_REPORTED = (Status.NOT_APPLICABLE, Status.MANUAL)  # findings.csv has no row of its own for such a unit
NOBODY = Permissions((), (), (), ())


@dataclass(frozen=True)
class Planted:
    """An example of a control, and the name under which it is planted."""

    control: Control
    example: Example
    name: str

    @property
    def row(self) -> Mapping[str, Any]:
        """Times are those of the box."""
        return {name: _value(name, value) for name, value in self.example.row.items()}


def _value(name: str, value: Any) -> Any:
    is_time = name.endswith(("last_rotated", "last_used", "_date", "_time")) and isinstance(value, str)
    return moment_of(value, AS_OF) if is_time else value


def _planted(*units: Unit, kind: str = "credential-report") -> list[Planted]:
    controls = [c for c in catalog().controls.values() if c.unit in units and c.evidence[:1] == (kind,)]
    return [
        Planted(control, example, f"{control.id}-{number}")
        for control in controls
        for number, example in enumerate(control.examples)
        if _can_be_planted(example)
    ]


def _can_be_planted(example: Example) -> bool:
    has_no_summary = any(name.startswith("summary") and value is None for name, value in example.row.items())
    is_elsewhere = "arn" in example.row or has_no_summary
    return example.verdict is not Status.NO_EVIDENCE and not example.parameters and not is_elsewhere


USERS = _planted(Unit.CREDENTIAL, Unit.USER)
ROOTS = _planted(Unit.ROOT)
POLICIES = _planted(Unit.ACCOUNT, kind="password-policy")
DOCUMENTS = {unit: _planted(unit, kind="authorization-details") for unit in (Unit.POLICY, Unit.IDENTITY, Unit.RESOURCE)}


def user(planted: Planted) -> User:
    row, slot = planted.row, planted.control.credentials[0] if planted.control.credentials else ""
    created = row.get("user_creation_time", AS_OF - timedelta(days=900))
    on = row.get("password_enabled", False)
    plain = User(planted.name, created, Password(on, AS_OF if on else None, created if on else None))
    plain = replace(plain, mfa=row.get("mfa_active", True))
    if slot == "password":
        return replace(plain, password=Password(row["active"], row.get("last_used"), row.get("last_rotated", created)))
    keys = [_key({}, row.get(f"access_key_{number}_active", False)) for number in (1, 2)]
    if slot:
        keys = [_key(row, row["active"]) if slot == f"access_key_{number}" else Key() for number in (1, 2)]
    return replace(plain, key_1=keys[0], key_2=keys[1])


def _key(row: Mapping[str, Any], active: bool) -> Key:
    used = row.get("last_used")
    return Key(active, row.get("last_rotated") or used or AS_OF - timedelta(days=1), used)


def root(planted: Planted) -> tuple[User, RootEvidence]:
    """Root's row, and what the account summary says, which agrees where the example does not say otherwise."""
    row = planted.row
    on = row.get("password_enabled", True)
    keys = [_root_key(row, number) for number in (1, 2)]
    made = User(ROOT_USER, AS_OF - timedelta(days=900), Password(on, row.get("password_last_used")))
    made = replace(made, mfa=row.get("mfa_active", True), key_1=keys[0], key_2=keys[1])
    said = RootEvidence(
        mfa=row.get("summary_root_mfa", made.mfa),
        keys_present=row.get("summary_root_keys", 0),
        password_present=row.get("summary_root_password", on is not False),
        virtual_mfa=bool(row.get("root_virtual_mfa")),
    )
    return made, said


def _root_key(row: Mapping[str, Any], number: int) -> Key:
    used: datetime | None = row.get(f"access_key_{number}_last_used_date")
    return Key(row.get(f"access_key_{number}_active", False), used, used)


def password_policy(planted: Planted) -> PasswordPolicy | None:
    row = planted.row
    if not row["policy_exists"]:
        return None
    given = {_POLICY_COLUMNS[name]: value for name, value in row.items() if name in _POLICY_COLUMNS}
    return PasswordPolicy(**given)


def permissions() -> Permissions:
    """A managed policy with a role that has it, a group with an inline policy, or a role, for each document."""
    managed = [ManagedPolicy(p.name, (PolicyVersion("v1", _text(p)),), "v1", None) for p in DOCUMENTS[Unit.POLICY]]
    holders = [
        BoxedRole(f"has-{p.name}"[:64], service_trust("ec2.amazonaws.com"), grants=Grants((p,))) for p in managed
    ]
    groups = [BoxedGroup(p.name, Grants(inline=(("example", _text(p)),))) for p in DOCUMENTS[Unit.IDENTITY]]
    trusting = [BoxedRole(p.name, _text(p)) for p in DOCUMENTS[Unit.RESOURCE]]
    return Permissions((), tuple(groups), (*holders, *trusting), tuple(managed))


def _text(planted: Planted) -> str:
    return json.dumps({"Version": "2012-10-17", **_document(planted.example.policy)})


def _document(policy: Any) -> dict[str, Any]:
    assert isinstance(policy, dict)
    return policy


class ExampleBox(Sandbox):
    """Users and documents stand in the first account; of root and the password policy each account has one example."""

    def number(self, account_id: str) -> int:
        return [account.id for account in self.organization.active].index(account_id)

    def facts(self, account_id: str) -> PlantedAccount:
        number = self.number(account_id)
        found = replace(super().facts(account_id), users=tuple(map(user, USERS)) if number == 0 else ())
        return replace(found, root=root(ROOTS[number])[0]) if number < len(ROOTS) else found

    def _plant_evidence(self, account_id: str) -> PlantedEvidence:
        number, found = self.number(account_id), super()._plant_evidence(account_id)
        if number < len(ROOTS):
            found = replace(found, root=root(ROOTS[number])[1])
        if number < len(POLICIES):
            found = found.but(planted_policy, password_policy(POLICIES[number]))
        return found.but(planted_permissions, permissions() if number == 0 else NOBODY)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = ExampleBox(SandboxOptions(accounts=40, users=0, as_of=AS_OF, faulty=False))
    assert len(sandbox.organization.active) >= max(len(ROOTS), len(POLICIES))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


Found = dict[tuple[str, str, str], dict[str, str]]


@pytest.fixture(scope="module")
def found(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Status by control, by account, name and credential."""
    chosen = [part for benchmark in catalog().benchmarks for part in ("--benchmark", benchmark)]
    out = tmp_path_factory.mktemp("reports")
    ran = box.auditor("run", "--out", out, "--as-of", AS_OF.isoformat(), "--format", "csv", *chosen)
    assert ran.returncode == 0, ran.stderr
    statuses: Found = {}
    for row in read_csv(Path(ran.stdout.splitlines()[-1]) / "findings.csv"):
        unit = row["account_id"], row["resource_name"], row["credential"]
        statuses.setdefault(unit, {})[row["control_id"]] = row["status"]
    return statuses


def disagreeing(found: Found, examples: Sequence[Planted], ids: Sequence[str], of_account: bool = False) -> list[str]:
    """Examples with another status than theirs; ``ids`` are the accounts that they are planted in."""
    wrong = []
    for planted, account_id in zip(examples, ids, strict=False):
        slot = planted.control.credentials[0] if planted.control.credentials else ""
        name = "" if of_account else ROOT_USER if planted.control.unit is Unit.ROOT else planted.name
        status = found.get((account_id, name, slot), {}).get(planted.control.id, "")
        wanted = "" if planted.example.verdict in _NOT_REPORTED else planted.example.verdict.value
        wrong += [] if status == wanted else [f"{planted.name}: {planted.example.about}: {status} not {wanted}"]
    return wrong


def test_examples_of_users_and_their_credentials(box: Box, found: Found) -> None:
    first = box.sandbox.organization.active[0].id
    assert len(USERS) > 80
    assert disagreeing(found, USERS, [first] * len(USERS)) == []


def test_examples_of_policy_documents(box: Box, found: Found) -> None:
    first = box.sandbox.organization.active[0].id
    for examples in DOCUMENTS.values():
        assert len(examples) >= 4
        assert disagreeing(found, examples, [first] * len(examples)) == []


def test_examples_of_root_and_of_password_policies(box: Box, found: Found) -> None:
    ids = [account.id for account in box.sandbox.organization.active]
    assert len(ROOTS) > 20 < len(POLICIES)
    assert disagreeing(found, ROOTS, ids) == []
    assert disagreeing(found, POLICIES, ids, of_account=True) == []
