"""Predicates over the root user of each account: its row of the report, and what other evidence says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import and_, or_

import pandas as pd

from auditor.ages import days_between, time_text
from auditor.checks.verdict import Parameters, Verdict, all_of, flag, joined, never, told

_LACKING = "the report lacks a column or value that decides"
_DISAGREE = "the credential report and the account summary disagree"
_NO_PASSWORD = "root has no password, so nobody can sign in with one"
_GOVCLOUD = "arn:aws-us-gov:"
_SPARED = "CIS does not ask for MFA of root in the GovCloud partition"
_USES = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


def no_key(root: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Root has no access key: none active in the report, and none at all in IAM's own count. Frame: root.

    The report calls a key that is switched off FALSE, like one that does not exist; only the count tells of it.
    """
    keys = root[["access_key_1_active", "access_key_2_active", "summary_root_keys"]]
    exists = keys["access_key_1_active"] | keys["access_key_2_active"] | (keys["summary_root_keys"] > 0)
    return Verdict(
        applies=all_of(root),
        passed=~exists,
        observed=told(keys, _keys_observed),
        reason=told(keys, _keys_told),
    )


def _keys_observed(one: bool | None, two: bool | None, count: int | None) -> str:
    summary = "unknown" if count is None else int(count)
    return f"access_key_1_active {flag(one)}, access_key_2_active {flag(two)}, AccountAccessKeysPresent {summary}"


def _keys_told(one: bool | None, two: bool | None, count: int | None) -> str:
    active = bool(one) or bool(two)
    if active:
        disagree = count == 0
        return "root has an active access key" + (f"; {_DISAGREE}: IAM counts none" if disagree else "")
    if count is None:
        return "the report shows no active key, but without the account summary an inactive one cannot be ruled out"
    if count:
        return "root has an access key that is switched off"
    return "root has no access key" if one is not None and two is not None else _LACKING


def mfa(root: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Root has MFA, or (``pass_when_root_password_absent``, CIS 5.0.0 and later) no password. Frame: root.

    ``not_supported`` in older reports means that AWS did not tell about root's password then: root had one. The report
    and the account summary must agree where both are there; the worse of the two counts. It does not apply in the
    GovCloud partition.
    """
    facts = _root_facts(root)
    protected = facts["mfa"]
    if parameters["pass_when_root_password_absent"]:
        protected = protected | ~facts["password"]
    return Verdict(
        applies=facts["asked"],
        passed=protected,
        observed=told(facts[_SAID], _mfa_observed),
        reason=told(facts[["asked", "mfa", "differ"]].assign(protected=protected), _guarded),
    )


_SAID = ["password_said", "mfa_said", "summary_password", "summary_mfa"]


def _root_facts(root: pd.DataFrame) -> pd.DataFrame:
    """Columns ``asked`` (whether CIS asks for MFA of root there), ``password`` and ``mfa`` (what counts), what each
    source said, and whether they ``differ``."""
    password = root["password_enabled"].mask(root["password_enabled_note"] == "not_supported", True)
    facts = pd.DataFrame(
        {
            "password_said": password,
            "mfa_said": root["mfa_active"],
            "summary_password": root["summary_root_password"],
            "summary_mfa": root["summary_root_mfa"],
        }
    )
    facts["asked"] = (~root["arn"].astype("str").str.startswith(_GOVCLOUD)).astype("boolean")
    facts["password"] = _both(facts["password_said"], facts["summary_password"], or_)
    facts["mfa"] = _both(facts["mfa_said"], facts["summary_mfa"], and_)
    facts["differ"] = (facts["mfa_said"] != facts["summary_mfa"]).fillna(False)
    return facts


def _both(report: pd.Series, summary: pd.Series, worse: Callable[[pd.Series, pd.Series], pd.Series]) -> pd.Series:
    """The worse of two sources; one alone where the other tells nothing."""
    return worse(report.fillna(summary), summary.fillna(report))


def _mfa_observed(password: bool | None, mfa: bool | None, counted: bool | None, counted_mfa: bool | None) -> str:
    report = f"password_enabled {flag(password)}, mfa_active {flag(mfa)}"
    if counted is None and counted_mfa is None:
        return report
    return f"{report}, AccountPasswordPresent {flag(counted)}, AccountMFAEnabled {flag(counted_mfa)}"


def _guarded(asked: bool, mfa: bool | None, differ: bool, protected: bool | None) -> str:
    if not asked:
        return _SPARED
    if protected is None:
        return "the report does not tell enough of root's MFA and password"
    if protected and not mfa:
        return f"{_NO_PASSWORD}; {_without(mfa, differ)}"
    return "root has MFA" if protected else _without(mfa, differ)


def _without(mfa: bool | None, differ: bool) -> str:
    """What is to be said of root's MFA where it does not count."""
    if differ:
        return f"root counts as without MFA, as {_DISAGREE} about it"
    return "whether root has MFA is not known" if mfa is None else "root has no MFA"


def hardware_mfa(root: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Root's MFA is not a virtual device, or (``pass_when_root_password_absent``) root has no password. Frame: root.

    AWS lists virtual devices only: MFA that is on and not among them is a hardware device or a passkey. It does not
    apply in the GovCloud partition.
    """
    facts = _root_facts(root)
    virtual = (root["root_virtual_mfa"] != "").astype("boolean").mask(root["root_virtual_mfa"].isna())
    protected = facts["mfa"] & ~virtual
    if parameters["pass_when_root_password_absent"]:
        protected = protected | ~facts["password"]
    device = root["root_virtual_mfa"].fillna("unknown").mask(root["root_virtual_mfa"] == "", "none")
    return Verdict(
        applies=facts["asked"],
        passed=protected,
        observed=joined(told(facts[_SAID], _mfa_observed).astype("str"), ", virtual device of root ", device),
        reason=told(facts[["asked", "mfa", "differ"]].assign(virtual=virtual, protected=protected), _device),
    )


def _device(asked: bool, mfa: bool | None, differ: bool, virtual: bool | None, protected: bool | None) -> str:
    if not asked:
        return _SPARED
    if protected is None:
        return "the list of virtual MFA devices or the report that decides is missing"
    if mfa and virtual is not None and not virtual:
        return "root has MFA that is not virtual"
    device = "root's MFA is a virtual device" if virtual else "whether root's MFA is a virtual device is not known"
    said = device if mfa else _without(mfa, differ)
    return f"{_NO_PASSWORD}; {said}" if protected else said


def unused(root: pd.DataFrame, parameters: Parameters, as_of: datetime) -> Verdict:
    """Neither root's password nor a root key was used in the last ``lookback_days`` whole days. Frame: root rows.

    All three columns count, also the use of a key that has been switched off since.
    """
    window = parameters["lookback_days"]
    recent = reduce(or_, (_recent(root, column, window, as_of) for column in _USES))
    texts = [time_text(root[c]).fillna(root[f"{c}_note"].astype("str")) for c in _USES]
    return Verdict(
        applies=all_of(root),
        passed=~recent,
        observed=joined("password ", texts[0], ", access_key_1 ", texts[1], ", access_key_2 ", texts[2]),
        reason=told(
            recent.to_frame(),
            lambda r: _one_of(
                r, f"root was used in the last {window} days", f"no use of root in the last {window} days"
            ),
        ),
    )


def _recent(root: pd.DataFrame, column: str, window: int, as_of: datetime) -> pd.Series:
    """True, False, or <NA> where the report does not tell; ``not_supported`` means there is nothing to use."""
    note = root[f"{column}_note"]
    idle = never(note) | (note == "not_supported")
    recent = (days_between(root[column], as_of) < window).astype("boolean")
    return recent.mask(idle, False)


def _one_of(value: bool | None, yes: str, no: str) -> str:
    if value is None:
        return _LACKING
    return yes if value else no
