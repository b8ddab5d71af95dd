"""The tags of the organization's accounts, on which parameters may depend."""

from __future__ import annotations

from auditor.reperform.plain.document import Document


def tags_of_accounts(document: Document) -> dict[str, dict[str, str] | None]:
    """The tags of each account that has any; None for one whose tags were refused."""
    found: dict[str, dict[str, str] | None] = {}
    for call in document.calls:
        account_id = str(call.parameters.get("ResourceId"))
        tags = {str(tag.get("Key")): str(tag.get("Value")) for _line, tag in call.items.get("Tags", ())}
        if call.error and call.operation == "organizations:ListTagsForResource":
            found[account_id] = None
        elif account_id not in found:
            found[account_id] = tags
        elif (known := found[account_id]) is not None:
            known |= tags
    return found
