"""Everything that a box answers: the operations of all kinds of evidence, and those that find and open accounts."""

from __future__ import annotations

from auditor.sandbox import organizations, sts
from auditor.sandbox.denials import is_fault
from auditor.sandbox.faults import FAULTS
from auditor.sandbox.kinds import KINDS
from auditor.sandbox.operations import Operation
from auditor.sandbox.options import SandboxOptions

_ALL = (*sts.OPERATIONS, *organizations.OPERATIONS, *(operation for kind in KINDS for operation in kind.operations))
OPERATIONS: dict[tuple[str, str], Operation] = {(operation.service, operation.name): operation for operation in _ALL}
"""By service and name; kinds share some."""
CLIENTS = {operation.service: operation.client for operation in _ALL}
"""Every service by the name that it signs with, and what botocore calls its client."""


def check_names(options: SandboxOptions) -> None:
    """Raise ValueError where the options name a service or a fault that there is not."""
    if not {*options.disturbed, *options.rates, *options.down, *options.unknown} <= CLIENTS.keys():
        raise ValueError(f"disturbed, rates, down and unknown name services of {sorted(CLIENTS)}")
    unknown = {fault for fault in (*options.faults.values(), *options.default_faults) if not is_fault(fault)}
    if unknown:
        raise ValueError(f"unknown faults: {sorted(unknown)}; known are {sorted(FAULTS)} and deny:OPERATION")
