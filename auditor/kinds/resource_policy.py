"""The organization's resource policy, which hands the running of its policies to member accounts."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, Table
from auditor.model import RESOURCE_POLICY, Unit
from auditor.policy import PolicyError, allowed_accounts
from auditor.store.answers import first_response, line_of
from auditor.store.evidence import Document

_NONE = ("ResourcePolicyNotFoundException",)  # that there is no policy is an answer, not a gap
_POLICY = Call("organizations:DescribeResourcePolicy", answers=_NONE, probe=Probe(harmless=_NONE))


def _rows(_: str, document: Document) -> Iterator[Row]:
    content = first_response(document, _POLICY.action).get("ResourcePolicy", {}).get("Content", "")
    problem, accounts = "", list[str]()
    if content:
        try:
            accounts = allowed_accounts(content, "organizations")
        except PolicyError as error:
            problem = f"the resource policy {error}"
    yield {
        "line": line_of(document, _POLICY.action),
        "resource_policy": bool(content),
        "delegated_to": ", ".join(accounts),
        "problem": problem,
    }


KIND = Kind(
    name=RESOURCE_POLICY,
    owner=Owner.ORGANIZATION,
    about="The organization's resource policy, which lets member accounts manage its policies.",
    calls=(_POLICY,),
    tables=(
        Table(
            Unit.ORGANIZATION,
            (
                Column("resource_policy", "boolean", "Whether there is a resource policy."),
                Column("delegated_to", "str", "Accounts that it allows to manage policies, joined by ', '."),
                Column("problem", "str", "Why the policy could not be judged."),
            ),
            rows=_rows,
        ),
    ),
)
