"""What the collectors of JSON evidence share."""

from __future__ import annotations

from auditor.aws.session import Clients
from auditor.model import Evidence


class JsonCollector:
    """Holds the run's clients. ``after`` names the kinds whose evidence ``collect`` wants to see first."""

    kind: str
    actions: tuple[str, ...]
    after: tuple[str, ...] = ()

    def __init__(self, clients: Clients) -> None:
        self.clients = clients

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """AWS's answers can be used as they are."""
