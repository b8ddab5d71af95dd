"""The units of each kind of JSON evidence as typed frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from auditor.kinds import KINDS
from auditor.kinds.declaration import Owner, Row
from auditor.model import (
    ACCESS_ANALYZERS,
    AUTHORIZATION_DETAILS,
    DELEGATED_ADMINISTRATORS,
    IDENTITY_CENTER,
    IDENTITY_PROVIDERS,
    OU_TREE,
    RESOURCE_POLICY,
    TRUSTED_SERVICES,
    Organization,
    Unit,
)
from auditor.tables.documents import Collected
from auditor.tables.organization_analyzers import (
    NO_ANALYZERS,
    ORGANIZATION_FACTS,
    OrganizationAnalyzers,
    add_organization_analyzers,
)
from auditor.tables.spelling import without_spelling

UnitFrames = Mapping[tuple[Unit, str], pd.DataFrame]
"""By unit and kind of evidence: columns account_id, account_name, ou_path, user, arn, evidence_file (categories),
evidence_line (Int64), then the facts of the kind's table."""


EVIDENCE_TABLES: Mapping[str, tuple[Unit, str]] = dict(
    sorted((table.name, (table.unit, kind.name)) for kind in KINDS.values() for table in kind.tables if table.name)
)
"""What the frames of evidence are called where people ask questions; there is one where its kind was asked for."""


def evidence_tables(frames: UnitFrames) -> dict[str, pd.DataFrame]:
    """The frames that have a name, by name."""
    return {name: without_spelling(frames[key]) for name, key in EVIDENCE_TABLES.items() if key in frames}


def unit_frames(
    collected: Mapping[str, Collected],
    accounts: pd.DataFrame,
    users: pd.DataFrame,
    organization: Organization,
    analyzers: OrganizationAnalyzers = NO_ANALYZERS,
) -> UnitFrames:
    """A frame for every unit of every kind that was asked for, also where there is no such evidence."""
    frames: dict[tuple[Unit, str], pd.DataFrame] = {}
    listed = organization.management_account_id in set(accounts["account_id"])
    management = organization.management_account_id if listed else None
    places = accounts.set_index("account_id")[["account_name", "ou_path"]].astype("str")
    for name in [name for name in KINDS if name in collected]:
        for table in KINDS[name].tables:
            rows = collected[name].rows[table.unit]
            if KINDS[name].owner is Owner.ORGANIZATION:
                rows = [row | {"account_id": management} for row in rows]
            frames[table.unit, name] = _frame(rows, table.dtypes, places, users)
    if (Unit.ACCOUNT, ACCESS_ANALYZERS) in frames:
        add_organization_analyzers(frames[Unit.ACCOUNT, ACCESS_ANALYZERS], analyzers)
    if (Unit.ORGANIZATION, RESOURCE_POLICY) in frames:
        policies = frames[Unit.ORGANIZATION, RESOURCE_POLICY]
        policies["management_id"] = pd.array([organization.management_account_id] * len(policies), dtype="str")
    return _with_common_facts(frames, collected)


def _frame(rows: Sequence[Row], dtypes: Mapping[str, str], places: pd.DataFrame, users: pd.DataFrame) -> pd.DataFrame:
    """``places`` has the accounts' names and OU paths by their ids."""
    if not rows:
        return _no_rows(dtypes, users)
    ids = [row["account_id"] for row in rows]
    known = places.reindex(ids)
    frame = {
        "account_id": _category(ids, users["account_id"].dtype),
        "account_name": _category(known["account_name"].array, users["account_name"].dtype),
        "ou_path": _category(known["ou_path"].array, users["ou_path"].dtype),
        "user": _category([row.get("name") for row in rows]),
        "arn": _category([row.get("arn") for row in rows]),
        "evidence_file": _category([row["evidence_file"] for row in rows]),
        "evidence_line": pd.array([row.get("line") for row in rows], dtype="Int64"),
    }
    facts = {name: _typed([row.get(name) for row in rows], dtype) for name, dtype in dtypes.items()}
    return pd.DataFrame(frame | facts)


def _no_rows(dtypes: Mapping[str, str], users: pd.DataFrame) -> pd.DataFrame:
    """Most kinds have none in a small organization, and to type no values of thirty columns one by one takes long."""
    owners = {name: users[name].array[:0] for name in ("account_id", "account_name", "ou_path")}
    return pd.DataFrame(owners | dict(_NO_PLACE) | {name: _no_values(dtype) for name, dtype in dtypes.items()})


@cache
def _no_values(dtype: str) -> Any:
    return _typed([], dtype)


def _category(texts: Any, dtype: Any = None) -> Any:
    return pd.Categorical(texts if dtype else pd.array(texts, dtype="str"), dtype=dtype)


def _typed(values: list[Any], dtype: Any) -> Any:
    if dtype.startswith("datetime"):
        texts = pd.Series(values, dtype="str")
        return pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce").astype(dtype).array
    return pd.array(values, dtype=dtype)


ADDED_FACTS: Mapping[tuple[Unit, str], tuple[str, ...]] = {
    (Unit.ACCOUNT, ACCESS_ANALYZERS): ORGANIZATION_FACTS,
    (Unit.ACCOUNT, IDENTITY_PROVIDERS): ("identity_center", "trusted_providers"),
    (Unit.ORGANIZATION, DELEGATED_ADMINISTRATORS): ("trusted",),
    (Unit.ORGANIZATION, RESOURCE_POLICY): ("management_id",),
}
"""Texts that rows have besides the columns that their kind declares: they come from other evidence."""


_NO_PLACE: Mapping[str, Any] = {
    "user": _category([]),
    "arn": _category([]),
    "evidence_file": _category([]),
    "evidence_line": pd.array([], dtype="Int64"),
}


def _with_common_facts(frames: dict[tuple[Unit, str], pd.DataFrame], collected: Mapping[str, Collected]) -> UnitFrames:
    """What is known of the organization stands in the rows of those that are judged with it in mind."""
    for target, kind, name in (
        ((Unit.ACCOUNT, IDENTITY_PROVIDERS), IDENTITY_CENTER, "identity_center"),
        ((Unit.ORGANIZATION, DELEGATED_ADMINISTRATORS), TRUSTED_SERVICES, "trusted"),
        ((Unit.ORGANIZATION, OU_TREE), OU_TREE, "ou_tree"),
    ):
        if target in frames:
            rows = collected[kind].rows[Unit.ORGANIZATION] if kind in collected else []
            value = rows[0].get(name) if rows else None
            frames[target][name] = pd.array([value] * len(frames[target]), dtype="str")
    if (Unit.ACCOUNT, IDENTITY_PROVIDERS) in frames:
        providers = frames[Unit.ACCOUNT, IDENTITY_PROVIDERS]
        providers["trusted_providers"] = _trusted(providers, frames.get((Unit.ACCOUNT, AUTHORIZATION_DETAILS)))
    return frames


def _trusted(providers: pd.DataFrame, details: pd.DataFrame | None) -> Any:
    """Which identity providers the roles of each account trust; missing where nobody could see its roles."""
    if details is None:
        return pd.array([None] * len(providers), dtype="str")
    known = details.set_index(details["account_id"].astype("str"))["trusted_providers"]
    return known.reindex(providers["account_id"].astype("str").array).astype("str").array
