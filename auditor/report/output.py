"""How reports are written, besides what they are written about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from auditor.ask.derivation import Derivation
from auditor.report.csv_files import PLAIN, CsvStyle


@dataclass(frozen=True)
class Output:
    """How reports are written, besides their formats.

    ``split_by`` (see ``narrowing.parts_of``) asks for a folder such as ``by-ou`` with the same files of each owner;
    ``jobs`` processes write them, and the bytes are the same for any number. ``with_tables`` the tables that queries
    open are written too, whatever the formats; ``derivation`` is what tables are made of, as the summary tells it.
    """

    style: CsvStyle = PLAIN
    paper: str = "a4"
    split_by: str = ""
    jobs: int = 1
    with_tables: bool = False
    derivation: Derivation | None = None

    def told(self) -> dict[str, Any]:
        """What changes the bytes of files, for the summary."""
        return {"csv": asdict(self.style), "paper": self.paper, "split_by": self.split_by or None}


USUAL = Output()
