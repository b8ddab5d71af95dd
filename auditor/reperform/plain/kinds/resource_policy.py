"""To whom the organization's resource policy hands its policies."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.policies import PolicyError, accounts_allowed
from auditor.reperform.plain.shape import Facts

_POLICY = "organizations:DescribeResourcePolicy"


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    content = document.response(_POLICY).get("ResourcePolicy", {}).get("Content", "")
    accounts, problem = list[str](), ""
    if content:
        try:
            accounts = accounts_allowed(content, "organizations")
        except PolicyError as error:
            problem = f"the resource policy {error}"
    delegated = {"resource_policy": bool(content), "delegated_to": ", ".join(accounts), "problem": problem}
    return {"organization": [{"line": document.line(_POLICY), **delegated}]}
