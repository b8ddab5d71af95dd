"""Which units a control judges: the root user, users, single credentials, or what else a kind of evidence tells of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.reperform.plain.controls import Control
from auditor.reperform.plain.evidence import Evidence
from auditor.reperform.plain.kinds.access_keys import Listed
from auditor.reperform.plain.kinds.credential_report import User
from auditor.reperform.plain.shape import Facts
from auditor.reperform.plain.words import (
    COLUMNS,
    CREDENTIAL_REPORT,
    FURTHER_KEYS,
    NOT_LISTED,
    ROOT_CREDENTIALS,
    ROOT_USER,
    TOO_MANY,
    USER_GONE,
)

_COUNTS = ("summary_root_keys", "summary_root_mfa", "summary_root_password")
_ROOT_FACTS = {
    "account-summary": (*_COUNTS, *(f"{name}_raw" for name in _COUNTS)),
    "virtual-mfa-devices": ("root_virtual_mfa",),
}
_ROOT_PLACES = {"account-summary": "summary_places", "virtual-mfa-devices": "device_places"}
_CALL_PLACES = ("login_places", "mfa_places", "summary_places")
_BEFORE_CERTIFICATES = ("password", "access_key_1", "access_key_2")
_CERTIFICATES = ("cert_1", "cert_2")


@dataclass(frozen=True)
class Unit:
    """What one verdict is about, and where it stands in the evidence; ``arn`` is empty for a whole account."""

    facts: Facts
    file: str
    line: int
    arn: str = ""
    name: str = ""
    credential: str = ""


def units_of(control: Control, evidence: Evidence, common: Facts) -> Iterator[Unit]:
    """In the order of the evidence; ``common`` are facts that every unit of the snapshot shares."""
    kind = control.evidence[0]
    if kind != CREDENTIAL_REPORT:
        for facts in evidence.units(kind, control.unit):
            name, arn = facts.get("name") or "", facts.get("arn") or ""
            if "behind_partition" in facts:
                arn = f"arn:{evidence.owner.partition}:{facts['behind_partition']}"
            yield Unit(facts | common, evidence.path(kind), facts["line"], arn, name)
        return
    if control.unit == "root" and evidence.users is None and len(control.evidence) > 1:
        yield from _stand_in(evidence)
    for user in evidence.users or ():
        if user["is_root"] != (control.unit == "root"):
            continue
        if user["contradicted"]:
            yield _whole(user, evidence, {})
        elif control.unit == "root":
            yield _whole(user, evidence, _root_facts(evidence) | {"source": CREDENTIAL_REPORT})
        elif control.unit == "user":
            keys = _further_keys(user, evidence)
            more = {"further_active_keys": _active(keys), "further_places": _places(keys, evidence)}
            yield _whole(user, evidence, more)
        else:
            yield from (u for u in _credentials(user, evidence) if u.credential in control.credentials)


def _stand_in(evidence: Evidence) -> Iterator[Unit]:
    """The root user of an account without a usable report, where a session of root showed its credentials.

    A control that reads the report alone asks what only the report tells.
    """
    arn = f"arn:{evidence.owner.partition}:iam::{evidence.owner.id}:root"
    for facts in evidence.units(ROOT_CREDENTIALS, "root"):
        more = {"source": ROOT_CREDENTIALS, "arn": arn, "is_root": True, "user": ROOT_USER, "device_places": ""}
        more |= {name: evidence.place(ROOT_CREDENTIALS, facts[name]) for name in _CALL_PLACES}
        yield Unit(facts | more, evidence.path(ROOT_CREDENTIALS), facts["line"], arn, ROOT_USER)


def _whole(user: User, evidence: Evidence, more: Facts) -> Unit:
    return Unit(user | more, evidence.path(CREDENTIAL_REPORT), user["line"], user["arn"], user["user"])


def _root_facts(evidence: Evidence) -> Facts:
    """What other files say of root, where that stands, and when report and summary were made."""
    found: Facts = dict.fromkeys(("login_places", "mfa_places", *_ROOT_PLACES.values(), "summary_made"), "")
    for kind, names in _ROOT_FACTS.items():
        told = evidence.of_account(kind)
        found |= {name: told.get(name) for name in names}
        if told:
            found[_ROOT_PLACES[kind]] = evidence.place(kind, told["line"])
    if found["summary_places"]:
        found["summary_made"] = evidence.made("account-summary")
    return found | {"report_made": evidence.made(CREDENTIAL_REPORT)}


def _credentials(user: User, evidence: Evidence) -> Iterator[Unit]:
    """Those that exist: a slot that is inactive and has no date holds none."""
    path = evidence.path(CREDENTIAL_REPORT)
    yield from (_in_slot(user, slot, path) for slot in _BEFORE_CERTIFICATES if _exists(user, slot))
    further = _further_keys(user, evidence)
    if len(further) > len(FURTHER_KEYS):  # the last name stands for all that are left
        last = len(FURTHER_KEYS) - 1
        further = [*further[:last], _unknown(TOO_MANY, further[last]["file"], further[last]["line"])]
    for slot, key in zip(FURTHER_KEYS, further, strict=False):
        place = evidence.place(CREDENTIAL_REPORT, user["line"])
        facts = _about(user) | key | {"credential": slot, "report_places": place}
        yield Unit(facts, key["file"], key["line"], user["arn"], user["user"], slot)
    yield from (_in_slot(user, slot, path) for slot in _CERTIFICATES if _exists(user, slot))


def _about(user: User) -> Facts:
    names = ("user_creation_time", "password_enabled", "mfa_active")
    return {name: user[name] for name in (*names, *(f"{name}_raw" for name in names), "is_root")}


def _exists(user: User, slot: str) -> bool:
    return user[COLUMNS[slot]["active"]] is not False or user[COLUMNS[slot]["last_rotated"]] is not None


def _in_slot(user: User, slot: str, path: str) -> Unit:
    columns = COLUMNS[slot]
    facts: dict[str, Any] = {fact: user[column] for fact, column in columns.items()}
    facts |= {f"{fact}_raw": user[f"{column}_raw"] for fact, column in columns.items()} | {"report_places": ""}
    facts["last_rotated_note"] = user["password_last_changed_note"] if slot == "password" else None
    used = columns.get("last_used")  # of certificates nothing tells it
    facts |= {"last_used": user[used] if used else None, "last_used_note": user[f"{used}_note"] if used else None}
    return Unit(_about(user) | facts | {"credential": slot}, path, user["line"], user["arn"], user["user"], slot)


def _further_keys(user: User, evidence: Evidence) -> list[Facts]:
    """The user's access keys that stand in neither slot of the report, told by when they were made.

    One that stands for whatever there is where nobody listed them; none where the report does not show of more.
    """
    if not user["tells_of_more"] or user["is_root"]:
        return []
    answers = evidence.listed or Listed()
    if user["user"] in answers.gone:
        return [_unknown(USER_GONE, evidence.path("access-keys"), answers.gone[user["user"]])]
    listed = answers.keys.get(user["user"])
    if listed is None:
        return [_unknown(NOT_LISTED, evidence.path(CREDENTIAL_REPORT), user["line"])]
    slots = [made for slot in ("access_key_1", "access_key_2") if (made := user[COLUMNS[slot]["last_rotated"]])]
    found = []
    for key in listed:
        if key["created"] in slots:
            slots.remove(key["created"])  # each slot is one key
        else:
            told = {"active": key["active"], "last_rotated": key["created"], "last_rotated_note": None}
            told |= {"last_used": None, "last_used_note": NOT_LISTED, "last_rotated_raw": key["created_raw"]}
            found.append(told | {"file": evidence.path("access-keys"), "line": key["line"]})
    return found


def _unknown(note: str, file: str, line: int) -> Facts:
    nothing = dict.fromkeys(("active", "last_rotated", "last_used", "last_rotated_raw", "last_used_raw"))
    return nothing | {"last_rotated_note": note, "last_used_note": note, "file": file, "line": line}


def _places(keys: list[Facts], evidence: Evidence) -> str:
    """Where the list of access keys shows them, or says that the user is gone."""
    own = evidence.path(CREDENTIAL_REPORT)  # where nobody listed them, the report alone tells of them
    return "; ".join(f"{key['file']}:{key['line']}" for key in keys if key["file"] != own)


def _active(keys: list[Facts]) -> int | None:
    """How many of them are active; None where that is not known of each."""
    flags = [key["active"] for key in keys]
    return None if None in flags else flags.count(True)
