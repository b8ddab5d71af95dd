"""Access keys that IAM listed of users of whom the report tells more than it lists."""

from __future__ import annotations

from auditor.plain.facts.document import Document
from auditor.plain.facts.shape import FLAG, TEXT, Facts, typed
from auditor.plain.moments import of_an_answer

_CALL = "iam:ListAccessKeys"
_ACTIVE = {"Active": True, "Inactive": False, "Expired": False}
_TYPES = {"key_id": TEXT, "active": FLAG, "created": TEXT}
Listed = dict[str, list[Facts]]


def listed_keys(document: Document) -> Listed:
    """By the name of each user whose keys were listed, also where there are none: the keys, the oldest first.

    Those without a time come last; ``active`` is None for a status that is not known.
    """
    found: Listed = {}
    for call in document.of(_CALL):
        name = str(call.parameters.get("UserName", ""))
        if call.response is not None:
            keys = found.setdefault(name, [])
            keys += [_key(line, key) for line, key in call.items.get("AccessKeyMetadata", ())]
    return {name: sorted(keys, key=_age) for name, keys in found.items()}


def _key(line: int, key: Facts) -> Facts:
    facts = {
        "line": line,
        "key_id": key.get("AccessKeyId", ""),
        "active": _ACTIVE.get(key.get("Status", "")),
        "created": key.get("CreateDate"),
    }
    typed(facts, _TYPES)
    return facts | {"created": of_an_answer(facts["created"])}


def _age(key: Facts) -> tuple[bool, float, str]:
    created = key["created"]
    return created is None, created.timestamp() if created else 0.0, key["key_id"]
