"""Access keys that IAM listed of users of whom the report tells more than it lists."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.moments import of_an_answer
from auditor.reperform.plain.shape import FLAG, TEXT, Facts, typed

_CALL = "iam:ListAccessKeys"
_ACTIVE = {"Active": True, "Inactive": False, "Expired": False}
_TYPES = {"key_id": TEXT, "active": FLAG, "status": TEXT, "created": TEXT}


@dataclass
class Listed:
    """``keys``, the oldest first and those without a time last, of each user whose keys were listed, also where there
    are none; ``gone`` is on which line AWS answered that there is no such user. ``active`` is None for a status that is
    not known."""

    keys: dict[str, list[Facts]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)


def listed_keys(document: Document) -> Listed:
    found = Listed()
    for call in document.of(_CALL):
        name = str(call.parameters.get("UserName", ""))
        if call.error == "NoSuchEntity":  # whatever stood on the pages before
            found.gone[name] = call.line
        elif call.response is not None:
            keys = found.keys.setdefault(name, [])
            keys += [_key(line, key) for line, key in call.items.get("AccessKeyMetadata", ())]
    for keys in found.keys.values():
        keys.sort(key=_age)
    return found


def _key(line: int, key: Facts) -> Facts:
    facts = {
        "line": line,
        "key_id": key.get("AccessKeyId", ""),
        "active": _ACTIVE.get(key.get("Status", "")),
        "status": key.get("Status"),
        "created": key.get("CreateDate"),
    }
    typed(facts, _TYPES)
    return facts | {"created": of_an_answer(facts["created"]), "created_raw": facts["created"]}


def _age(key: Facts) -> tuple[bool, float, str]:
    created = key["created"]
    return created is None, created.timestamp() if created else 0.0, key["key_id"]
