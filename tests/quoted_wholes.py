"""What findings show of several places at once, put together again from the raw evidence that they cite."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.quotations import Cited, Finding

_KINDS = {"user": "users", "group": "groups", "role": "roles"}
# Words of ours around what is quoted.
_LABELS = {
    *(
        "?",
        "IAM Identity Center",
        "identity providers of the account",
        "identity providers that its roles trust",
        "none",
    ),
    *(
        "delegated administrators",
        "services with trusted access",
        "unknown",
        "attached to nothing",
        "management account",
    ),
    "an unknown place",
}
_PARTS = re.compile(r"; |: | \(|\)|, | in (?=[a-z]{2}-|Root|an unknown)|/")
_COUNT = re.compile(r"\d+ (accounts?|SCPs|RCPs)|(?:SCP|RCP) ")


def whole(check: str, places: list[Cited], finding: Finding, folder: Path) -> str | None:
    """What the finding must show, None for a check that quotes single values."""
    return _WHOLES[check](places, finding, folder) if check in _WHOLES else None


def _groups(places: list[Cited], finding: Finding, _: Path) -> str:
    user = places[0].item
    assert user["UserName"] == finding["resource_name"]
    inline, attached = (_policies(user.get(name)) for name in ("UserPolicyList", "AttachedManagedPolicies"))
    return f"inline: {inline}, attached: {attached}"


def _policies(listed: Any) -> str:
    return "; ".join(dict.fromkeys(str(p.get("PolicyName") or "?") for p in listed or ())) or "none"


def _holders(places: list[Cited]) -> dict[str, list[str]]:
    """The names of users, groups and roles on the cited lines; none where the file as a whole is cited."""
    found: dict[str, list[str]] = {plural: [] for plural in _KINDS.values()}
    for item in (place.item for place in places if place.line > 1):
        kind = next(kind for kind in _KINDS if f"{kind.title()}Name" in item)
        found[_KINDS[kind]].append(item[f"{kind.title()}Name"])
    return found


def _support(places: list[Cited], _: Finding, __: Path) -> str:
    for item in (place.item for place in places if place.line > 1):
        assert any("AWSSupportAccess" in policy["PolicyArn"] for policy in item["AttachedManagedPolicies"])
    return f"roles with AWSSupportAccess: {'; '.join(_holders(places)['roles']) or 'none'}"


def _shell(places: list[Cited], _: Finding, __: Path) -> str:
    return ", ".join(f"{kind}: {'; '.join(names) or 'none'}" for kind, names in _holders(places).items())


def _trust(places: list[Cited], finding: Finding, _: Path) -> str | None:
    if finding["status"] == "FAIL":
        return None
    return f"open roles: {'; '.join(_holders(places[1:])['roles']) or 'none'}"


def _security(places: list[Cited], _: Finding, __: Path) -> str:
    return _contact(places[0].item, "AlternateContact", ("Name", "Title", "EmailAddress", "PhoneNumber"))


def _primary(places: list[Cited], _: Finding, __: Path) -> str:
    names = ("FullName", "CompanyName", "AddressLine1", "City", "PostalCode", "CountryCode", "PhoneNumber")
    return f"on file: {_contact(places[0].item, 'ContactInformation', names)}"


def _contact(call: Mapping[str, Any], member: str, names: tuple[str, ...]) -> str:
    if "error" in call:
        code = call["error"]["Code"]
        return "none" if code == "ResourceNotFoundException" else f"unknown ({code})"
    found = call["response"].get(member, {})
    return ", ".join(str(found[name]) for name in names if found.get(name)) or "none"


def _analyzers(places: list[Cited], finding: Finding, _: Path) -> str:
    """How many regions were asked; those without an analyzer were asked, and answered."""
    calls = [c for c in json.loads(places[0].file.read_text())["calls"] if c["operation"].endswith("ListAnalyzers")]
    silent = {c["region"] for c in calls if "error" in c}
    shown = str(finding["observed"])
    assert shown.startswith(f"{len({c['region'] for c in calls})} regions, ")
    missing = set(
        re.findall(r"[a-z]{2}-[a-z-]+-\d", shown.partition("without an analyzer: ")[2].partition(", unan")[0])
    )
    assert missing.isdisjoint(silent)
    assert missing <= {c["region"] for c in calls}
    assert finding["status"] != "FAIL" or missing
    return shown


def _features(places: list[Cited], _: Finding, __: Path) -> str:
    call = places[0].item
    if "error" in call:
        return str(call["error"]["Code"])
    return f"enabled features: {', '.join(sorted(call['response'].get('EnabledFeatures', []))) or 'none'}"


def _delegated(places: list[Cited], finding: Finding, _: Path) -> str:
    """Account ids of the resource policy that stands on the cited line."""
    shown = str(finding["observed"])
    named = re.findall(r"\d{12}", shown)
    text = json.dumps(places[0].item)
    assert all(account in text for account in named)
    return f"delegated to {', '.join(named) or 'none'}"


def _shown(places: list[Cited], finding: Finding, folder: Path) -> str:
    """Each part of what a person is shown stands in the evidence of the account or of the organization."""
    shown, known = str(finding["observed"]), set(_texts(places, finding, folder))
    for part in _parts(shown):
        assert part in known or any(part in text for text in known), part
    return shown


def _parts(shown: str) -> Iterator[str]:
    for part in _PARTS.split(shown.removesuffix("…")):
        text = _COUNT.sub("", part).removeprefix("management account ").strip()
        if text and text not in _LABELS:
            yield text


def _texts(places: list[Cited], finding: Finding, folder: Path) -> Iterator[str]:
    owners = {places[0].file.parent, folder / "evidence" / "organization"}
    yield from (str(finding[name]) for name in ("account_id", "account_name", "ou_path"))
    for owner in owners:
        for file in owner.glob("*.json"):
            with suppress(ValueError, RecursionError):  # of evidence that is damaged nothing is shown
                yield from _strings(json.loads(file.read_bytes()))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


_WHOLES: Mapping[str, Callable[[list[Cited], Finding, Path], str | None]] = {
    "permissions_via_groups": _groups,
    "support_role": _support,
    "policy_attached_to_nobody": _shell,
    "no_open_role_trust": _trust,
    "security_contact": _security,
    "contact_on_file": _primary,
    "analyzer_everywhere": _analyzers,
    "root_access_centralized": _features,
    "policies_delegated": _delegated,
    **dict.fromkeys(
        (
            *("central_identity", "organization_policies_shown", "management_account_shown"),
            *("ou_tree_shown", "delegated_services_shown"),
        ),
        _shown,
    ),
}
