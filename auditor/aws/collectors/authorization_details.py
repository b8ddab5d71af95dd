"""Collects who may do what in one account: users, groups, roles and policies with their documents."""

from __future__ import annotations

from collections.abc import Mapping

from auditor import evidence as json_evidence
from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import LARGEST_PAGE, Recorder
from auditor.errors import WrongAccountError
from auditor.model import AUTHORIZATION_DETAILS, Evidence

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList")


class AuthorizationDetailsCollector(JsonCollector):
    """As many calls as there are pages of a thousand."""

    kind = AUTHORIZATION_DETAILS
    actions = ("iam:GetAccountAuthorizationDetails",)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        async for _ in recorder.pages(self.clients.iam, "iam:GetAccountAuthorizationDetails", MaxItems=LARGEST_PAGE):
            pass
        self._check_owner(owner_id, recorder)
        return recorder.evidence()

    def _check_owner(self, owner_id: str, recorder: Recorder) -> None:
        """Every user, group and role must be of the account that was asked; raises WrongAccountError."""
        document = json_evidence.Document(self.kind, tuple(recorder.answers))
        for name in _LISTS:
            for _, item in document.items(name):
                arn = str(item.get("Arn", ""))
                if arn.split(":")[4:5] != [owner_id]:
                    raise WrongAccountError(
                        f"the authorization details of account {owner_id} hold {arn!r}: "
                        "credentials of two accounts were mixed up; the run was stopped"
                    )
