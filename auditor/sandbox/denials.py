"""Calls that an account refuses though its role may be assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from auditor.sandbox.faults import FAULTS
from auditor.sandbox.kinds import KINDS
from auditor.sandbox.operations import Operation
from auditor.sandbox.sessions import Identity
from auditor.sandbox.wire import AwsError

PREFIX = "deny:"
_OPERATIONS = frozenset(operation.name for kind in KINDS if kind.is_deniable for operation in kind.operations)


def is_unserved(operation: str, partition: str) -> bool:
    """Whether AWS does not run the service of this operation in the partition."""
    return any(operation == found.name for kind in KINDS if partition in kind.unserved_in for found in kind.operations)


def denied(fault: str) -> Iterator[tuple[str, str]]:
    """(operation, region) of a fault like ``deny:GetAccountSummary,ListAnalyzers@eu-west-1``; no region is all."""
    if fault.startswith(PREFIX):
        for part in fault.removeprefix(PREFIX).split(","):
            operation, _, region = part.partition("@")
            yield operation, region


def is_fault(text: str) -> bool:
    """Whether this names a fault, takes one away, or denies operations, all of which are known."""
    operations = {operation for operation, _ in denied(text)}
    return text in FAULTS or text == "none" or (bool(operations) and operations <= _OPERATIONS)


class Gates:
    """What keeps a recognized caller from an operation; ``regions_of`` gives the regions that are on in an account."""

    def __init__(self, faults: Mapping[str, str], partition: str, regions_of: Callable[[str], tuple[str, ...]]) -> None:
        self._denied = {account: frozenset(denied(fault)) for account, fault in faults.items() if fault.count(":")}
        self._partition, self._regions_of = partition, regions_of

    def check(self, identity: Identity, operation: Operation, region: str) -> None:
        """Raise the AWS error that ends this call, if one does."""
        if is_unserved(operation.name, self._partition):
            raise AwsError("InvalidAction", f"{operation.name} is not offered in this partition")
        if operation.is_regional and region not in self._regions_of(identity.account_id):
            # AWS's own answer in a region that is not enabled: the keys are not known there.
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid")
        listed = self._denied.get(identity.account_id)
        if listed and not listed.isdisjoint({(operation.name, ""), (operation.name, region)}):
            what = f"{operation.action} on resource: *"
            why = "with an explicit deny in a service control policy"
            raise AwsError("AccessDenied", f"User: {identity.arn} is not authorized to perform: {what} {why}")
