"""Waivers: failures that somebody has accepted, for a time and with a name to it."""

from auditor.judge.waivers.applying import (
    SAME_PERSON,
    State,
    Waived,
    apply_waivers,
    approved_by_owner,
    day_of,
    in_force,
    no_matches,
    no_waivers,
    waived_by_account,
    waivers_frame,
    waivers_of_batches,
)
from auditor.judge.waivers.loading import Waiver, Waivers, load_waivers
from auditor.judge.waivers.matching import Tags

__all__ = [
    "SAME_PERSON",
    "State",
    "Tags",
    "Waived",
    "Waiver",
    "Waivers",
    "apply_waivers",
    "approved_by_owner",
    "day_of",
    "in_force",
    "load_waivers",
    "no_matches",
    "no_waivers",
    "waived_by_account",
    "waivers_frame",
    "waivers_of_batches",
]
