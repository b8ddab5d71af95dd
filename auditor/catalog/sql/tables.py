"""The tables that a control may read with SQL: what a row is about, which evidence gives it, and its columns.

Only columns that the second implementation reads, too, are here: every verdict is computed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.kinds import KINDS
from auditor.kinds.declaration import Kind, Table
from auditor.model import ACCESS_KEYS, CREDENTIAL_REPORT, CREDENTIALS, Unit


class Sort(StrEnum):
    """What a value is; two values are compared, or stand in one column, only if they are of one sort."""

    BOOLEAN = "true or false"
    NUMBER = "a whole number"
    TEXT = "text"
    TIME = "a time"


@dataclass(frozen=True)
class EvidenceTable:
    """One row for each unit that the first kind of ``evidence`` shows; root has controls of its own and is in none.

    ``columns`` are those that say whose the row is, and the facts. A column that ends in ``_spelling`` is the text that
    AWS wrote.
    """

    unit: Unit
    evidence: tuple[str, ...]
    facts: Mapping[str, Sort]
    credentials: tuple[str, ...] = ()

    @property
    def columns(self) -> Mapping[str, Sort]:
        return _WHO | dict(self.facts)


_WHO = dict.fromkeys(("account_id", "account_name", "ou_path", "user", "arn"), Sort.TEXT)


def _facts(*, flags: str = "", numbers: str = "", times: str = "", texts: str = "") -> Mapping[str, Sort]:
    """The sort of each column, from the names of each sort joined by blanks."""
    sorts = {Sort.BOOLEAN: flags, Sort.NUMBER: numbers, Sort.TIME: times, Sort.TEXT: texts}
    return {name: sort for sort, names in sorts.items() for name in names.split()}


_SORTS = {"str": Sort.TEXT, "Int64": Sort.NUMBER, "boolean": Sort.BOOLEAN}


def _declared(kind: Kind, table: Table) -> EvidenceTable:
    """A table of JSON evidence with the columns that its kind declares for controls."""
    columns = (column for column in table.columns if column.in_controls)
    return EvidenceTable(table.unit, (kind.name,), {c.name: _SORTS.get(c.dtype, Sort.TIME) for c in columns})


_OF_REPORTS = {
    "credentials": EvidenceTable(
        Unit.CREDENTIAL,
        (CREDENTIAL_REPORT, ACCESS_KEYS),
        _facts(
            texts="credential last_rotated_note last_used_note",
            flags="is_root active password_enabled mfa_active",
            times="last_rotated last_used user_creation_time",
            numbers="age_days unused_days",
        ),
        CREDENTIALS,
    ),
    "users": EvidenceTable(
        Unit.USER,
        (CREDENTIAL_REPORT,),
        _facts(
            flags="is_root password_enabled mfa_active access_key_1_active access_key_2_active "
            "cert_1_active cert_2_active",
            times="user_creation_time password_last_used password_last_changed password_next_rotation "
            "access_key_1_last_rotated access_key_1_last_used_date access_key_2_last_rotated "
            "access_key_2_last_used_date cert_1_last_rotated cert_2_last_rotated",
            texts="password_enabled_note password_last_used_note password_last_changed_note "
            "access_key_1_last_used_date_note access_key_2_last_used_date_note",
        ),
    ),
}
TABLES: Mapping[str, EvidenceTable] = _OF_REPORTS | {
    table.name: _declared(kind, table)
    for kind in KINDS.values()
    for table in kind.tables
    if table.name and table.unit is not Unit.ROOT and any(column.in_controls for column in table.columns)
}
"""By the name that ``auditor tables`` has for it."""
