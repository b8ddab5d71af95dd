"""Steps over the root user."""

from __future__ import annotations

from datetime import datetime

from auditor.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    all_of,
    any_of,
    at,
    elapsed,
    ended,
    flag,
    flagged,
    last_moment,
    moment_told,
    negated,
    never,
    spared,
    whole_days,
)
from auditor.plain.words import ROOT_CREDENTIALS
from auditor.times import iso

_GOVCLOUD = "aws-us-gov"
_USES = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


def no_key(facts: Facts, _: Parameters, __: datetime) -> Told:
    count = facts["summary_root_keys"]
    in_summary = None if count is None else count > 0
    exists = any_of(facts["access_key_1_active"], facts["access_key_2_active"], in_summary)
    steps = [
        f"{_source(facts)}: {flagged(facts, 'access_key_1_active', 'access_key_2_active')}",
        f"account summary: AccountAccessKeysPresent {'unknown' if count is None else count}"
        " (counts keys that are switched off, too)",
    ]
    return ended(steps, negated(exists), f"root has an access key: {flag(exists)}")


def mfa(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    if end := _spared(facts):
        return end
    steps, protected = _mfa(facts)
    return _or_no_password(facts, parameters, steps, protected, f"root has MFA: {flag(protected)}")


def hardware_mfa(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    if end := _spared(facts):
        return end
    steps, protected = _mfa(facts)
    serial = facts["root_virtual_mfa"]
    virtual = None if serial is None else serial != ""
    steps.append(f"virtual MFA device of root: {'unknown' if serial is None else serial or 'none'}")
    hardware = all_of(protected, negated(virtual))
    return _or_no_password(facts, parameters, steps, hardware, f"root has MFA that is not virtual: {flag(hardware)}")


def _spared(facts: Facts) -> Told | None:
    """The end where the account is of the GovCloud partition, where CIS does not ask for MFA of root."""
    partition = facts["arn"].split(":")[1]
    return (
        spared([], f"{facts['arn']}: does not apply in the partition {partition}") if partition == _GOVCLOUD else None
    )


def _mfa(facts: Facts) -> tuple[list[str], bool | None]:
    """Both sources; MFA counts where neither denies it."""
    report, summary = facts["mfa_active"], facts["summary_root_mfa"]
    steps = [f"{_source(facts)}: mfa_active {flag(report)}; account summary: AccountMFAEnabled {flag(summary)}"]
    known = [value for value in (report, summary) if value is not None]
    if len(set(known)) > 1:
        steps.append("the two disagree: the worse one counts")
    return steps, all(known) if known else None


def _or_no_password(facts: Facts, parameters: Parameters, steps: list[str], protected: bool | None, last: str) -> Told:
    if not parameters["pass_when_root_password_absent"]:
        return ended(steps, protected, last)
    report, summary = _password(facts), facts["summary_root_password"]
    known = [value for value in (report, summary) if value is not None]
    password = any(known) if known else None
    steps.append(
        f"{_source(facts)}: password_enabled {flag(report)}; account summary: AccountPasswordPresent {flag(summary)}"
    )
    passed = any_of(protected, negated(password))
    return ended(steps, passed, f"{last}, or root has no password: {flag(negated(password))}")


def _source(facts: Facts) -> str:
    """Where root's own row comes from."""
    return "session of root" if facts["source"] == ROOT_CREDENTIALS else "credential report"


def _password(facts: Facts) -> bool | None:
    """Older reports say ``not_supported`` of a password that was there."""
    return True if facts["password_enabled_note"] == "not_supported" else facts["password_enabled"]


def unused(facts: Facts, parameters: Parameters, as_of: datetime) -> Told:
    window = parameters["lookback_days"]
    steps, recent = [at(as_of)], list[bool | None]()
    for name in _USES:
        moment, said = facts[name], moment_told(facts, name)
        if moment is not None:
            age = whole_days(moment, as_of)
            recent.append(age < window)
            verdict = f"{age} {'<' if age < window else '>='} {window}"
            steps.append(f"{said}: {elapsed(moment, as_of)}; {verdict}; recent until {last_moment(moment, window)}")
        else:
            idle = never(facts[f"{name}_note"]) or facts[f"{name}_note"] == "not_supported"
            recent.append(False if idle else None)
            steps.append(f"{said}: {'no use' if idle else 'the report does not tell'}")
    used = any_of(*recent)
    return ended(steps, negated(used), f"root was used in the {window} days before {iso(as_of)}: {flag(used)}")
