"""Every error this project raises on purpose.

    AuditorError                     something went wrong that the user can act on
    ├── UsageError                   exit 2: wrong option, configuration, catalogue, query or path
    │   ├── ConfigurationError       auditor.yaml or an option holds something it may not
    │   ├── CatalogError             config/ holds something it may not, or an id is not in it
    │   ├── WaiverError              a waivers file holds something it may not
    │   ├── ScopeError               an account or OU was named that the organization does not have
    │   ├── QueryError               a query is not valid, or does more than read
    │   ├── KeyFileError             a key to sign or to verify with cannot be used
    │   ├── WorkbookError            a returned workbook cannot be read, or is none of the snapshot
    │   ├── ClusterError             a Dask cluster cannot be reached, or is not as this command is
    │   └── SnapshotError            a snapshot cannot be read, or a place for one cannot be written
    ├── AccessError                  exit 3: the caller's own credentials or permissions do not suffice
    ├── InterruptedRunError          exit 130: stopped by the operator; what was collected is kept
    ├── UnfinishedRunError           exit 1: the disk did not take it; the snapshot can be resumed
    ├── UnsignedError                exit 1: the snapshot is sealed, but it could not be signed
    ├── DifferenceError              exit 7: a snapshot is not as it was sealed
    ├── BatchError                   exit 1: a batch of accounts fails on every worker of a cluster
    ├── WrongAccountError            exit 1: evidence of one account was answered for another; stops the run
    └── EvidenceError                one account's trouble; becomes an evidence gap, never an exit

Foreign exceptions become these at one boundary each: botocore's in ``auditor.aws.faults``, DuckDB's in
``auditor.ask.query``, Dask's in ``auditor.cluster.client``, PyYAML's in ``auditor.yaml_file``, pydantic's in
``auditor.settings``, ``auditor.catalog`` and ``auditor.judge.waivers``.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable
from pathlib import Path

_LONGEST_WORD = 200
CALLER_CREDENTIALS = "CallerCredentialsError"
"""The code of a call for which the provider of the caller's own credentials gave none."""
NOT_LISTED = "NotListed"
"""The code of what needs the list of all accounts, where that broke off."""


class AuditorError(Exception):
    """Base of all; its text is one sentence fit for the terminal."""

    exit_code = 1


class UsageError(AuditorError):
    """The command line, a file it names or a query is wrong; nothing was called and nothing was changed."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A setting is unknown, malformed or contradictory."""


class PluginError(UsageError):
    """What another installed package adds cannot be used."""


class CatalogError(UsageError):
    """A control, benchmark or requirement is unknown or badly declared."""


class WaiverError(UsageError):
    """A waivers file cannot be read, or an entry is incomplete, contradictory or about something unknown."""


class ScopeError(UsageError):
    """The scope names an account or OU that does not exist in the organization."""


class QueryError(UsageError):
    """A query is unknown, not valid, or does more than read; ``tables`` are those it reads, where that is known."""

    def __init__(self, message: str, tables: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.tables = tuple(tables)


class KeyFileError(UsageError):
    """A key to sign or to verify with is missing, of the wrong kind, or locked."""


class WorkbookError(UsageError):
    """A workbook that came back cannot be read, or is not a copy of the one that was sent out."""


class SnapshotError(UsageError):
    """A snapshot is missing, torn or of an unknown version, or its folder cannot be written."""


class ClusterError(UsageError):
    """A Dask cluster cannot be reached, or has another program, another disk or another user than this command."""


class AccessError(AuditorError):
    """The caller has no valid credentials, or may not do what every run needs."""

    exit_code = 3


class InterruptedRunError(AuditorError):
    """A run was stopped from outside; ``folder`` holds the snapshot of what was collected until then."""

    exit_code = 130

    def __init__(self, folder: Path) -> None:
        super().__init__("interrupted; what was collected is kept")
        self.folder = folder


class UnfinishedRunError(AuditorError):
    """The disk did not take what a run wanted to write; ``folder`` can be resumed."""

    def __init__(self, problem: str, folder: Path) -> None:
        super().__init__(f"{problem}; mend that and go on")
        self.folder = folder


class UnsignedError(AuditorError):
    """A snapshot was sealed, but what should sign it did not; ``folder`` holds it."""

    def __init__(self, problem: str, folder: Path) -> None:
        super().__init__(
            f"{folder} is sealed but not signed: {problem}; "
            f"mend that and use: auditor sign {shlex.quote(str(folder))} --key KEY"
        )
        self.folder = folder


class DifferenceError(AuditorError):
    """A snapshot or a bundle is not as it was sealed, where only one that is can be used."""

    exit_code = 7


class BatchError(AuditorError):
    """A batch of accounts could not be judged by the workers of a cluster; the text names the accounts."""


class WrongAccountError(AuditorError):
    """A report's ARNs belong to another account than the one it was asked for."""


class EvidenceError(AuditorError):
    """One piece of evidence of one account could not be had.

    ``stage`` is where (assume, generate, fetch, validate, ...), ``code`` the AWS error code or a CamelCase word
    of ours, ``message`` one sentence, ``request_id`` AWS's name for the call where it answered. All of them end in
    files, so lone surrogates are taken out.
    """

    def __init__(self, stage: str, code: str, message: str, request_id: str = "") -> None:
        code, message, request_id = clean(code), clean(message), clean(request_id)
        super().__init__(f"{stage}: {code}: {message}")
        self.stage, self.code, self.message, self.request_id = stage, code, message, request_id

    def __reduce__(self) -> tuple[type[EvidenceError], tuple[str, str, str, str]]:
        """From one process to another."""
        return type(self), (self.stage, self.code, self.message, self.request_id)


def clean(text: str) -> str:
    """Lone surrogates, which JSON can carry but no file can hold, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def shown(value: object, most: int = 80) -> str:
    """``repr`` of a value that somebody else chose: cut where it is long, and never an error itself."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number with thousands of digits"
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the known word most like ``word``, or an empty text."""
    if len(word) > _LONGEST_WORD:  # nobody's slip, and slow to compare
        return ""
    names = {k.lower(): k for k in known}
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    return f" (did you mean {names[close[0]]!r}?)" if close else ""
