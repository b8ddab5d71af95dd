"""Waivers: failures that somebody has accepted, for a time and with a name to it."""

from auditor.waivers.applying import (
    State,
    Waived,
    apply_waivers,
    day_of,
    in_force,
    no_matches,
    no_waivers,
    waived_by_account,
    waivers_frame,
)
from auditor.waivers.loading import Waiver, Waivers, load_waivers
from auditor.waivers.matching import Tags

__all__ = [
    "State",
    "Tags",
    "Waived",
    "Waiver",
    "Waivers",
    "apply_waivers",
    "day_of",
    "in_force",
    "load_waivers",
    "no_matches",
    "no_waivers",
    "waived_by_account",
    "waivers_frame",
]
