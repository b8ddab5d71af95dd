"""The asynchronous orchestrator: accounts -> evidence or evidence gap -> snapshot."""

from auditor.collect.accounts_file import FileDirectory, read_accounts_file
from auditor.collect.discovery import Discovery
from auditor.collect.interface import Access, Checker, Collector, Directory, Progress
from auditor.collect.ledger import is_unfinished
from auditor.collect.plan import Collectors, Resume, RunPlan
from auditor.collect.reach import Reached, reach_accounts
from auditor.collect.run import collect
from auditor.collect.state import RunState
from auditor.collect.team import Team

__all__ = [
    "Access",
    "Checker",
    "Collector",
    "Collectors",
    "Directory",
    "Discovery",
    "FileDirectory",
    "Progress",
    "Reached",
    "Resume",
    "RunPlan",
    "RunState",
    "Team",
    "collect",
    "is_unfinished",
    "reach_accounts",
    "read_accounts_file",
]
