"""The units of each kind of JSON evidence as typed frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from auditor.frames.documents import Collected
from auditor.frames.kinds import TABLES
from auditor.frames.tables import Columns, Row
from auditor.model import (
    ACCESS_ANALYZERS,
    ACCOUNT_SUMMARY,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    DELEGATED_ADMINISTRATORS,
    EC2_INSTANCES,
    IDENTITY_CENTER,
    IDENTITY_PROVIDERS,
    OU_TREE,
    PASSWORD_POLICY,
    ROOT_CREDENTIALS,
    SERVER_CERTIFICATES,
    TRUSTED_SERVICES,
    VIRTUAL_MFA_DEVICES,
    Organization,
    Unit,
)

UnitFrames = Mapping[tuple[Unit, str], pd.DataFrame]
"""By unit and kind of evidence: columns account_id, account_name, ou_path, user, arn, evidence_file (categories),
evidence_line (Int64), then the facts of the kind's table."""


EVIDENCE_TABLES: Mapping[str, tuple[Unit, str]] = {
    "account_summaries": (Unit.ACCOUNT, ACCOUNT_SUMMARY),
    "password_policies": (Unit.ACCOUNT, PASSWORD_POLICY),
    "root_mfa_devices": (Unit.ACCOUNT, VIRTUAL_MFA_DEVICES),
    "policies": (Unit.POLICY, AUTHORIZATION_DETAILS),
    "user_permissions": (Unit.USER, AUTHORIZATION_DETAILS),
    "account_permissions": (Unit.ACCOUNT, AUTHORIZATION_DETAILS),
    "certificates": (Unit.CERTIFICATE, SERVER_CERTIFICATES),
    "analyzers": (Unit.ACCOUNT, ACCESS_ANALYZERS),
    "contacts": (Unit.ACCOUNT, CONTACTS),
    "identity_providers": (Unit.ACCOUNT, IDENTITY_PROVIDERS),
    "instances": (Unit.INSTANCE, EC2_INSTANCES),
    "root_credentials": (Unit.ROOT, ROOT_CREDENTIALS),
}
"""What the frames of evidence are called where people ask questions; there is one where its kind was asked for."""


def evidence_tables(frames: UnitFrames) -> dict[str, pd.DataFrame]:
    """The frames that have a name, by name."""
    return {name: frames[key] for name, key in EVIDENCE_TABLES.items() if key in frames}


def unit_frames(
    collected: Mapping[str, Collected], accounts: pd.DataFrame, users: pd.DataFrame, organization: Organization
) -> UnitFrames:
    """A frame for every unit of every kind that was asked for, also where there is no such evidence."""
    frames: dict[tuple[Unit, str], pd.DataFrame] = {}
    listed = organization.management_account_id in set(accounts["account_id"])
    management = organization.management_account_id if listed else None
    places = accounts.set_index("account_id")[["account_name", "ou_path"]].astype("str")
    for table in TABLES:
        if table.kind not in collected:
            continue
        for unit, columns in table.columns.items():
            rows = collected[table.kind].rows[unit]
            if unit is Unit.ORGANIZATION:
                rows = [row | {"account_id": management} for row in rows]
            frames[unit, table.kind] = _frame(rows, columns, places, users)
    return _with_common_facts(frames)


def _frame(rows: Sequence[Row], columns: Columns, places: pd.DataFrame, users: pd.DataFrame) -> pd.DataFrame:
    """``places`` has the accounts' names and OU paths by their ids."""
    ids = [row["account_id"] for row in rows]
    known = places.reindex(ids)
    frame = {
        "account_id": _category(ids, users["account_id"].cat.categories),
        "account_name": _category(known["account_name"].array, users["account_name"].cat.categories),
        "ou_path": _category(known["ou_path"].array, users["ou_path"].cat.categories),
        "user": _category([row.get("name") for row in rows]),
        "arn": _category([row.get("arn") for row in rows]),
        "evidence_file": _category([row["evidence_file"] for row in rows]),
        "evidence_line": pd.array([row.get("line") for row in rows], dtype="Int64"),
    }
    facts = {name: _typed([row.get(name) for row in rows], dtype) for name, dtype in columns.items()}
    return pd.DataFrame(frame | facts)


def _category(values: Any, categories: pd.Index | None = None) -> Any:
    if categories is None:
        return pd.Categorical(pd.array(values, dtype="str"))
    return pd.Categorical(values, categories=categories)


def _typed(values: list[Any], dtype: Any) -> Any:
    if dtype.startswith("datetime"):
        texts = pd.Series(values, dtype="str")
        return pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce").astype(dtype).array
    return pd.array(values, dtype=dtype)


def _with_common_facts(frames: dict[tuple[Unit, str], pd.DataFrame]) -> UnitFrames:
    """What is known of the organization stands in the rows of those that are judged with it in mind."""
    for target, kind, name in (
        ((Unit.ACCOUNT, IDENTITY_PROVIDERS), IDENTITY_CENTER, "identity_center"),
        ((Unit.ORGANIZATION, DELEGATED_ADMINISTRATORS), TRUSTED_SERVICES, "trusted"),
        ((Unit.ORGANIZATION, OU_TREE), OU_TREE, "ou_tree"),
    ):
        if target in frames:
            source = frames.get((Unit.ORGANIZATION, kind))
            value = None if source is None or source.empty else source[name].iloc[0]
            frames[target][name] = pd.array([value] * len(frames[target]), dtype="str")
    if (Unit.ACCOUNT, IDENTITY_PROVIDERS) in frames:
        providers = frames[Unit.ACCOUNT, IDENTITY_PROVIDERS]
        providers["trusted_providers"] = _trusted(providers, frames.get((Unit.ACCOUNT, AUTHORIZATION_DETAILS)))
    if (Unit.ACCOUNT, ACCESS_ANALYZERS) in frames:
        analyzed = frames[Unit.ACCOUNT, ACCESS_ANALYZERS]
        analyzed["organization_regions"] = pd.array([_organization_regions(analyzed)] * len(analyzed), dtype="str")
    return frames


def _trusted(providers: pd.DataFrame, details: pd.DataFrame | None) -> Any:
    """Which identity providers the roles of each account trust; missing where nobody could see its roles."""
    if details is None:
        return pd.array([None] * len(providers), dtype="str")
    known = details.set_index(details["account_id"].astype("str"))["trusted_providers"]
    return known.reindex(providers["account_id"].astype("str").array).astype("str").array


def _organization_regions(analyzed: pd.DataFrame) -> str:
    """Where some account of the snapshot has an analyzer of the whole organization, joined by a blank."""
    pairs = (text.partition("@") for texts in analyzed["analyzers"] for text in texts.split())
    return " ".join(sorted({region for kind, _, region in pairs if kind == "ORGANIZATION"}))
