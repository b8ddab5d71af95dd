"""Predicates over the root user of each account: its row of the report, and what other evidence says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import and_, or_

import pandas as pd

from auditor.ages import days_between
from auditor.judge.checks.quoting import or_unknown, places, time_as_written
from auditor.judge.checks.sources import disagreements
from auditor.judge.checks.verdict import Parameters, Verdict, all_of, constant, joined, never, sentences
from auditor.model import ROOT_CREDENTIALS

_LACKING = "the report has no value in a column that decides"
_NO_PASSWORD = "root has no password, so nobody can sign in with a password"
_GOVCLOUD = "arn:aws-us-gov:"
_GOVCLOUD_ROOT = "root in the GovCloud partition"
_SPARED = "CIS does not require MFA for root in the GovCloud partition"
_KEY_CELLS = ["source", "access_key_1_active_spelling", "access_key_2_active_spelling", "summary_root_keys_spelling"]
_MFA_CELLS = ["source", *(f"{n}_spelling" for n in ("password_enabled", "mfa_active"))]
_MFA_CELLS += [f"summary_root_{n}_spelling" for n in ("password", "mfa")]
_USES = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


def no_key(root: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Root has no access key: none active in the report, and none at all in IAM's own count. Frame: root.

    The report calls a key that is switched off FALSE, like one that does not exist; only the count tells of it.
    """
    keys = root[["access_key_1_active", "access_key_2_active", "summary_root_keys"]]
    active = (keys["access_key_1_active"] | keys["access_key_2_active"]).fillna(False)
    exists = keys["access_key_1_active"] | keys["access_key_2_active"] | (keys["summary_root_keys"] > 0)
    differ = active & (keys["summary_root_keys"] == 0).fillna(False)
    return Verdict(
        applies=all_of(root),
        passed=~exists,
        observed=sentences(root[_KEY_CELLS], _keys_observed),
        reason=sentences(keys.assign(differ=disagreements(root, "keys", differ)), _keys_told),
        also_seen_in=root["summary_places"],
        violated_since=_key_since(root),
    )


def _key_since(root: pd.DataFrame) -> pd.Series:
    """When the oldest key that root has was made; NaT unless the report dates each of them."""
    made = root[["access_key_1_last_rotated", "access_key_2_last_rotated"]]
    active = root[["access_key_1_active", "access_key_2_active"]].fillna(False).to_numpy(dtype=bool)
    dated = made.notna().to_numpy()
    counted = root["summary_root_keys"].fillna(0).to_numpy(dtype="int64") <= dated.sum(axis=1)
    return made.min(axis=1).where(counted & ~(active & ~dated).any(axis=1))


def _keys_observed(source: str, one: str | None, two: str | None, count: str | None) -> str:
    """A session of root lists the keys themselves."""
    summary = f"AccountAccessKeysPresent {or_unknown(count)}"
    if source == ROOT_CREDENTIALS:
        return f"AccessKeyMetadata {or_unknown(one)}, {summary}"
    return f"access_key_1_active {or_unknown(one)}, access_key_2_active {or_unknown(two)}, {summary}"


def _keys_told(one: bool | None, two: bool | None, count: int | None, differ: str) -> str:
    if one or two:
        return f"root has an active access key; {differ}" if differ else "root has an active access key"
    if count is None:
        return "the report shows no active key, but without the account summary an inactive one cannot be ruled out"
    if count:
        return "root has an inactive access key"
    return "root has no access key" if one is not None and two is not None else _LACKING


def mfa(root: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Root has MFA, or (``pass_when_root_password_absent``, CIS 5.0.0 and later) no password. Frame: root.

    ``not_supported`` in older reports means that AWS did not tell about root's password then: root had one. The report
    and the account summary must agree where both are there; the worse of the two counts. It does not apply in the
    GovCloud partition.
    """
    facts = _root_facts(root, parameters)
    protected = facts["mfa"]
    if parameters["pass_when_root_password_absent"]:
        protected = protected | ~facts["password"]
    return Verdict(
        applies=facts["asked"],
        passed=protected,
        observed=sentences(root[_MFA_CELLS], _mfa_observed),
        reason=sentences(facts[_REASONS].assign(protected=protected), _guarded),
        also_seen_in=places(root["login_places"], root["mfa_places"], root["summary_places"]),
        not_applicable=constant(root, _GOVCLOUD_ROOT),
    )


_REASONS = ["asked", "mfa", "mfa_differ", "password_differ"]


def _root_facts(root: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Columns ``asked`` (whether CIS asks for MFA of root there), ``password`` and ``mfa`` (what counts), and a clause
    on either where the sources differ, on the password where it is asked for."""
    password = root["password_enabled"].mask(root["password_enabled_note"] == "not_supported", True)
    said = {"mfa": root["mfa_active"], "password": password}
    differ = {name: (value != root[f"summary_root_{name}"]).fillna(False) for name, value in said.items()}
    differ["password"] &= bool(parameters["pass_when_root_password_absent"])
    return pd.DataFrame(
        {
            "asked": (~root["arn"].astype("str").str.startswith(_GOVCLOUD)).astype("boolean"),
            "password": _both(password, root["summary_root_password"], or_),
            "mfa": _both(root["mfa_active"], root["summary_root_mfa"], and_),
            **{f"{name}_differ": disagreements(root, name, differ[name]) for name in said},
        }
    )


def _both(report: pd.Series, summary: pd.Series, worse: Callable[[pd.Series, pd.Series], pd.Series]) -> pd.Series:
    """The worse of two sources; one alone where the other tells nothing."""
    return worse(report.fillna(summary), summary.fillna(report))


def _mfa_observed(
    source: str, password: str | None, mfa: str | None, counted: str | None, counted_mfa: str | None
) -> str:
    names = ("LoginProfile", "MFADevices") if source == ROOT_CREDENTIALS else ("password_enabled", "mfa_active")
    quoted = f"{names[0]} {or_unknown(password)}, {names[1]} {or_unknown(mfa)}"
    if counted is None and counted_mfa is None:
        return quoted
    return f"{quoted}, AccountPasswordPresent {or_unknown(counted)}, AccountMFAEnabled {or_unknown(counted_mfa)}"


def _guarded(asked: bool, mfa: bool | None, differ: str, password_differ: str, protected: bool | None) -> str:
    if not asked:
        return _SPARED
    if protected is None:
        return "the report does not show enough about root's MFA and password"
    if protected and not mfa:
        return f"{_NO_PASSWORD}; {_without(mfa, differ)}"
    return "root has MFA" if protected else f"{_without(mfa, differ)}{_with_password(password_differ)}"


def _without(mfa: bool | None, differ: str) -> str:
    """What is to be said of root's MFA where it does not count."""
    if differ:
        return f"root counts as without MFA because {differ}"
    return "whether root has MFA is not known" if mfa is None else "root has no MFA"


def _with_password(differ: str) -> str:
    return f"; root counts as having a password, as {differ}" if differ else ""


def hardware_mfa(root: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Root's MFA is not a virtual device, or (``pass_when_root_password_absent``) root has no password. Frame: root.

    AWS lists virtual devices only: MFA that is on and not among them is a hardware device or a passkey. It does not
    apply in the GovCloud partition.
    """
    facts = _root_facts(root, parameters)
    virtual = (root["root_virtual_mfa"] != "").astype("boolean").mask(root["root_virtual_mfa"].isna())
    protected = facts["mfa"] & ~virtual
    if parameters["pass_when_root_password_absent"]:
        protected = protected | ~facts["password"]
    device = root["root_virtual_mfa"].fillna("unknown").mask(root["root_virtual_mfa"] == "", "none")
    return Verdict(
        applies=facts["asked"],
        passed=protected,
        observed=joined(sentences(root[_MFA_CELLS], _mfa_observed).astype("str"), ", virtual device of root ", device),
        reason=sentences(facts[_REASONS].assign(virtual=virtual, protected=protected), _device),
        also_seen_in=places(*(root[name] for name in _ALL_PLACES)),
        not_applicable=constant(root, _GOVCLOUD_ROOT),
    )


_ALL_PLACES = ("login_places", "mfa_places", "summary_places", "device_places")


def _device(
    asked: bool, mfa: bool | None, differ: str, password_differ: str, virtual: bool | None, protected: bool | None
) -> str:
    if not asked:
        return _SPARED
    if protected is None:
        return "the list of virtual MFA devices, or the report, is missing"
    if mfa and virtual is not None and not virtual:
        return "root has MFA that is not virtual"
    device = "root's MFA is a virtual device" if virtual else "whether root's MFA is a virtual device is not known"
    said = device if mfa else _without(mfa, differ) + (_LISTED_ALL_THE_SAME if virtual else "")
    return f"{_NO_PASSWORD}; {said}" if protected else f"{said}{_with_password(password_differ)}"


_LISTED_ALL_THE_SAME = ", though the list of virtual MFA devices shows one of root"


def unused(root: pd.DataFrame, parameters: Parameters, as_of: datetime) -> Verdict:
    """Neither root's password nor a root key was used in the last ``lookback_days`` whole days. Frame: root rows.

    All three columns count, also the use of a key that has been switched off since.
    """
    window = parameters["lookback_days"]
    recent = reduce(or_, (_recent(root, column, window, as_of) for column in _USES))
    texts = [joined(f"{column} ", time_as_written(root, column)) for column in _USES]
    return Verdict(
        applies=all_of(root),
        passed=~recent,
        observed=joined(texts[0], ", ", texts[1], ", ", texts[2]),
        reason=sentences(
            recent.to_frame(),
            lambda r: _one_of(
                r, f"root was used in the last {window} days", f"no use of root in the last {window} days"
            ),
        ),
    )


def _recent(root: pd.DataFrame, column: str, window: int, as_of: datetime) -> pd.Series:
    """True, False, or <NA> where the report does not show; ``not_supported`` means there is nothing to use."""
    note = root[f"{column}_note"]
    idle = never(note) | (note == "not_supported")
    recent = (days_between(root[column], as_of) < window).astype("boolean")
    return recent.mask(idle, False)


def _one_of(value: bool | None, yes: str, no: str) -> str:
    if value is None:
        return _LACKING
    return yes if value else no
