"""The tags of the organization's accounts, which parameters and waivers may depend on; a call for each account."""

from __future__ import annotations

from auditor.kinds.declaration import Call, Kind, Owner, Probe
from auditor.model import ACCOUNT_TAGS
from auditor.store.evidence import Document

LEFT = "TargetNotFoundException"  # what AWS answers of an account that has left the organization
TAGS = Call(
    "organizations:ListTagsForResource",
    items="Tags",
    continues=True,
    probe=Probe(harmless=(LEFT,), caller_in="ResourceId"),
)

Tags = dict[str, str]


def tags_by_account(document: Document) -> dict[str, Tags]:
    """Account id -> its tags; accounts without any are left out."""
    found: dict[str, Tags] = {}
    for answer in document.answers:
        for _, tag in answer.items(TAGS.items):
            found.setdefault(str(answer.parameters.get("ResourceId")), {})[str(tag.get("Key"))] = str(tag.get("Value"))
    return found


def accounts_without_answer(document: Document) -> frozenset[str]:
    """The accounts whose tags AWS did not list, or not all of them."""
    refused = (a.parameters.get("ResourceId") for a in document.answers if a.operation == TAGS.action and a.error)
    return frozenset(map(str, refused))


KIND = Kind(
    name=ACCOUNT_TAGS,
    owner=Owner.ORGANIZATION,
    about="The tags that the organization has put on its accounts.",
    calls=(TAGS,),
    optional=True,
)
