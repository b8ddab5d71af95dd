"""The tags of the organization's accounts: what parameters and waivers may depend on."""

from __future__ import annotations

from auditor.evidence import Document

Tags = dict[str, str]


def tags_by_account(document: Document) -> dict[str, Tags]:
    """Account id -> its tags; accounts without any are left out."""
    found: dict[str, Tags] = {}
    for answer in document.answers:
        for _, tag in answer.items("Tags"):
            found.setdefault(str(answer.parameters.get("ResourceId")), {})[str(tag.get("Key"))] = str(tag.get("Value"))
    return found
