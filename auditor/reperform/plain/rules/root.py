"""Steps over the root user."""

from __future__ import annotations

from datetime import datetime

from auditor.reperform.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    all_of,
    any_of,
    at,
    cell,
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
from auditor.reperform.plain.words import ROOT_CREDENTIALS
from auditor.times import iso

_GOVCLOUD = "aws-us-gov"
_NOT_KNOWN = "at an unknown time"
_ABOUT = {"mfa": "root's MFA", "password": "root's password", "keys": "root's access keys"}
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
    steps += _apart(facts, "keys", any_of(facts["access_key_1_active"], facts["access_key_2_active"]), in_summary)
    end = ended(steps, negated(exists), f"root has an access key: {flag(exists)}")
    return end.quoting(_keys_quoted(facts), facts["summary_places"])


def _keys_quoted(facts: Facts) -> str:
    counted = f"AccountAccessKeysPresent {cell(facts, 'summary_root_keys')}"
    if facts["source"] == ROOT_CREDENTIALS:
        return f"AccessKeyMetadata {cell(facts, 'access_key_1_active')}, {counted}"
    cells = [f"{name} {cell(facts, name)}" for name in ("access_key_1_active", "access_key_2_active")]
    return ", ".join([*cells, counted])


def mfa(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    if end := _spared(facts):
        return end
    steps, protected = _mfa(facts)
    end = _or_no_password(facts, parameters, steps, protected, f"root has MFA: {flag(protected)}")
    return end.quoting(_mfa_quoted(facts), facts["login_places"], facts["mfa_places"], facts["summary_places"])


def _mfa_quoted(facts: Facts) -> str:
    session = facts["source"] == ROOT_CREDENTIALS
    labels = ("LoginProfile", "MFADevices") if session else ("password_enabled", "mfa_active")
    names = ("password_enabled", "mfa_active")
    quoted = [f"{label} {cell(facts, name)}" for label, name in zip(labels, names, strict=True)]
    counts = {"AccountPasswordPresent": "summary_root_password", "AccountMFAEnabled": "summary_root_mfa"}
    if any(facts[f"{name}_raw"] is not None for name in counts.values()):
        quoted += [f"{label} {cell(facts, name)}" for label, name in counts.items()]
    return ", ".join(quoted)


def hardware_mfa(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    if end := _spared(facts):
        return end
    steps, protected = _mfa(facts)
    serial = facts["root_virtual_mfa"]
    virtual = None if serial is None else serial != ""
    steps.append(f"virtual MFA device of root: {'unknown' if serial is None else serial or 'none'}")
    hardware = all_of(protected, negated(virtual))
    end = _or_no_password(facts, parameters, steps, hardware, f"root has MFA that is not virtual: {flag(hardware)}")
    device = "unknown" if serial is None else serial or "none"
    places = [facts[name] for name in ("login_places", "mfa_places", "summary_places", "device_places")]
    return end.quoting(f"{_mfa_quoted(facts)}, virtual device of root {device}", *places)


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
    return steps + _apart(facts, "mfa", report, summary), all(known) if known else None


def _apart(facts: Facts, about: str, said: bool | None, counted: bool | None) -> list[str]:
    """A step that says when each was made, where the two disagree; a key that is switched off is no such case."""
    if said is None or counted is None or said == counted or (about == "keys" and not said):
        return []
    made, counted_at = facts["report_made"], facts["summary_made"]
    older = ""
    if made and counted_at and made != counted_at:
        older = f"; the older is the {_source(facts) if made < counted_at else 'account summary'}"
    times = f"{_source(facts)} made {made or _NOT_KNOWN}, account summary made {counted_at or _NOT_KNOWN}"
    return [f"the two disagree about {_ABOUT[about]}: the worse one counts; {times} (UTC){older}"]


def _or_no_password(facts: Facts, parameters: Parameters, steps: list[str], protected: bool | None, last: str) -> Told:
    if not parameters["pass_when_root_password_absent"]:
        return ended(steps, protected, last)
    report, summary = _password(facts), facts["summary_root_password"]
    known = [value for value in (report, summary) if value is not None]
    password = any(known) if known else None
    steps.append(
        f"{_source(facts)}: password_enabled {flag(report)}; account summary: AccountPasswordPresent {flag(summary)}"
    )
    steps += _apart(facts, "password", report, summary)
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
            steps.append(f"{said}: {'no use' if idle else 'the report does not show'}")
    used = any_of(*recent)
    end = ended(steps, negated(used), f"root was used in the {window} days before {iso(as_of)}: {flag(used)}")
    return end.quoting(", ".join(f"{name} {cell(facts, name)}" for name in _USES))
