"""Predicates over permissions: what users hold other than through groups, and policies that make administrators."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.checks.verdict import Parameters, Verdict, joined, told


def via_groups(principals: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """A user has no policy of their own, neither inline nor attached. Frame: principals."""
    inline, attached = principals["inline_policies"], principals["attached_policies"]
    keys = pd.DataFrame({"inline": inline != "", "attached": attached != ""})
    return Verdict(
        applies=_always(principals),
        passed=~(keys["inline"] | keys["attached"]).astype("boolean"),
        observed=joined("inline: ", _or_none(inline), ", attached: ", _or_none(attached)),
        reason=told(keys, _held),
    )


def _held(inline: bool, attached: bool) -> str:
    kinds = [kind for kind, held in (("inline", inline), ("directly attached", attached)) if held]
    return f"the user has {' and '.join(kinds)} policies" if kinds else "the user has no policy but those of groups"


def _or_none(names: pd.Series) -> pd.Series:
    return names.mask(names == "", "none")


def no_full_admin(policies: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """No statement of an attached policy's default version allows every action on every resource. Frame: policies.

    Conditions do not excuse; the reason names them. Where the document cannot be read the evidence does not decide.
    CIS writes of the literal ``"Action": "*"`` and ``"Resource": "*"``; here other spellings of everything count too.
    """
    return Verdict(
        applies=_always(policies),
        passed=~policies["full_admin"],
        observed=joined(
            "default version ", _or_unknown(policies["default_version"]), ", attached to ", policies["attached_to"]
        ),
        reason=told(policies[["reason"]], str),
    )


def _or_unknown(version: pd.Series) -> pd.Series:
    return version.mask(version == "", "unknown")


def _always(units: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=units.index, dtype="boolean")
