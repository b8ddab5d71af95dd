"""The asynchronous orchestrator: accounts -> evidence or evidence gap -> snapshot."""

from auditor.collect.accounts_file import FileDirectory, read_accounts_file
from auditor.collect.discovery import Discovery
from auditor.collect.interface import Access, Checker, Collector, Directory, Progress
from auditor.collect.reach import Reached, reach_accounts
from auditor.collect.run import collect

__all__ = [
    "Access",
    "Checker",
    "Collector",
    "Directory",
    "Discovery",
    "FileDirectory",
    "Progress",
    "Reached",
    "collect",
    "reach_accounts",
    "read_accounts_file",
]
