"""What keeps a recognized caller from an operation: denials, regions that are off, services a partition lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.sandbox.denials import UNSERVED, denied
from auditor.sandbox.sessions import Identity
from auditor.sandbox.wire import AwsError, Call

REGIONAL = frozenset({"ec2", "access-analyzer"})


class Gates:
    """``regions_of`` gives the regions that are on in an account."""

    def __init__(self, faults: Mapping[str, str], partition: str, regions_of: Callable[[str], tuple[str, ...]]) -> None:
        self._denied = {account: frozenset(denied(fault)) for account, fault in faults.items() if fault.count(":")}
        self._unserved = UNSERVED.get(partition, frozenset())
        self._regions_of = regions_of

    def check(self, identity: Identity, call: Call) -> None:
        """Raise the AWS error that ends this call, if one does."""
        if call.service in self._unserved:
            raise AwsError("InvalidAction", f"{call.operation} is not offered in this partition", 404)
        if call.service in REGIONAL and call.region not in self._regions_of(identity.account_id):
            # AWS's own answer in a region that is not enabled: the keys are not known there.
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid", 403)
        listed = self._denied.get(identity.account_id)
        if listed and not listed.isdisjoint({(call.operation, ""), (call.operation, call.region)}):
            what = f"{call.service}:{call.operation} on resource: *"
            why = "with an explicit deny in a service control policy"
            raise AwsError("AccessDenied", f"User: {identity.arn} is not authorized to perform: {what} {why}", 403)
