"""What findings quote, read again from the evidence they cite: raw cells and JSON, without the product's readers."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Finding = Mapping[str, Any]
_CELL = re.compile(r"([a-z_0-9]+) (.*)")
_MEMBERS = {
    "RequireUppercaseCharacters",
    "RequireLowercaseCharacters",
    "RequireSymbols",
    "RequireNumbers",
    "ExpirePasswords",
    "MinimumPasswordLength",
    "PasswordReusePrevention",
    "MaxPasswordAge",
}
_COUNTS = ("AccountAccessKeysPresent", "AccountMFAEnabled", "AccountPasswordPresent")
_LISTS = {"MFADevices": "SerialNumber", "AccessKeyMetadata": "Status"}
_DEVICE = "virtual device of root"
NOTHING = "unknown"


@dataclass(frozen=True)
class Cited:
    """A place in the evidence: the cells of a report's line by column, or what stands on a line of JSON."""

    file: Path
    line: int

    @property
    def kind(self) -> str:
        return self.file.stem

    def cell(self, column: str) -> str:
        header, *_ = lines = _lines(self.file)
        names = next(csv.reader([header.strip("\ufeff\r")]))
        if column not in names:
            return "(no column)"
        fields = next(csv.reader([lines[self.line - 1].removesuffix("\r")]))
        return fields[names.index(column) - len(names)]  # from the right: commas of names were not quoted

    @property
    def item(self) -> Any:
        """An item of a list, the whole call whose first line it is, or (line 1) the file."""
        lines = _lines(self.file)
        if self.line == 1:
            return json.loads("\n".join(lines))
        text = lines[self.line - 1].removesuffix(",")
        if not text.startswith('{"operation": '):
            return json.loads(text)
        number = sum(line.startswith('{"operation": ') for line in lines[: self.line]) - 1
        return json.loads("\n".join(lines))["calls"][number]


@lru_cache(maxsize=200)
def _lines(file: Path) -> list[str]:
    return file.read_bytes().decode("utf-8").split("\n")


def cited(folder: Path, finding: Finding) -> list[Cited]:
    """The line that a finding cites, then those of ``also_seen_in``."""
    places = [f"{finding['evidence_file']}:{finding['evidence_line']}"] if finding["evidence_file"] else []
    places += finding["also_seen_in"].split("; ") if finding["also_seen_in"] else []
    split = (place.rpartition(":") for place in places)
    return [Cited(folder / file, int(line)) for file, _, line in split]


def quotes(observed: str) -> list[tuple[str, str]]:
    """``name value, name value``; the name of what IAM lists of root has blanks in it."""
    parts = [part.replace(_DEVICE, _DEVICE.replace(" ", "-")) for part in observed.split(", ")]
    return [(name, value) for name, _, value in (part.partition(" ") for part in parts)]


def raw(name: str, places: list[Cited], finding: Finding) -> str:
    """What the cited evidence has for a name that is quoted; ``unknown`` where none of it tells."""
    if name in _OTHERS:
        return _OTHERS[name](places, finding)
    reports = [place for place in places if place.file.suffix == ".csv"]
    if _CELL.fullmatch(f"{name} x") and reports:
        return reports[0].cell(name)
    calls = [place.item for place in places if place.file.suffix == ".json"]
    if name in _COUNTS:
        return _first(calls, lambda call: call["response"]["SummaryMap"][name])
    if name in _MEMBERS:
        return _first(calls, lambda call: call["response"]["PasswordPolicy"].get(name, _NotSet))
    if name in _LISTS:
        return _first(calls, lambda call: "; ".join(i[_LISTS[name]] for i in call["response"][name]) or "none")
    raise AssertionError(f"nobody knows where {name!r} stands")


class _NotSet:
    """In place of a setting that is not there."""


def _first(items: list[Any], read: Callable[[Any], Any]) -> str:
    for item in items:
        try:
            value = read(item)
        except (KeyError, TypeError):
            continue
        if value is _NotSet:
            return "not set"
        return value if isinstance(value, str) else json.dumps(value)
    return NOTHING


def _member(name: str) -> Callable[[list[Cited], Finding], str]:
    return lambda places, _: _first([place.item for place in places if place.file.suffix == ".json"], lambda i: i[name])


def _version(places: list[Cited], _: Finding) -> str:
    """The id of the version in force: the one that is named, or the one that says so itself."""
    item = places[0].item
    wanted, versions = item.get("DefaultVersionId"), item["PolicyVersionList"]
    return next(
        (v["VersionId"] for v in versions if (v["VersionId"] == wanted if wanted else v["IsDefaultVersion"])), ""
    )


def _code(places: list[Cited], _: Finding) -> str:
    return _first([place.item for place in places], lambda call: call["error"]["Code"])


def _login(places: list[Cited], _: Finding) -> str:
    calls = [p.item for p in places if p.item.get("operation") == "iam:GetLoginProfile"]
    return _first(calls, lambda c: c["error"]["Code"] if "error" in c else c["response"]["LoginProfile"]["CreateDate"])


def _profile(places: list[Cited], finding: Finding) -> str:
    (instance,) = (i for i in places[0].item["Instances"] if i["InstanceId"] == finding["resource_name"])
    return _first([instance.get("IamInstanceProfile", {"Arn": "none"})], lambda profile: profile["Arn"])


def _device(places: list[Cited], _: Finding) -> str:
    """The serial number on the cited line; a call, or a file without one, shows that there is none of root."""
    lists = [p for p in places if p.kind in ("virtual-mfa-devices", "root-credentials")]
    if not lists:
        return NOTHING
    if lists[0].kind == "root-credentials":
        serials = [d["SerialNumber"] for p in lists for d in p.item.get("response", {}).get("MFADevices", ())]
        return next((serial for serial in serials if ":mfa/" in serial), "none")
    item = lists[0].item if lists[0].line > 1 else {}
    assert "SerialNumber" in item or ':root"' not in lists[0].file.read_text()
    return str(item.get("SerialNumber", "none"))


def _statement(places: list[Cited], finding: Finding) -> str:
    """The numbers as they are quoted, if each is a statement that allows, of a document on the cited line."""
    item = places[0].item
    document = item.get("AssumeRolePolicyDocument")
    if document is None:
        (version,) = [v for v in item["PolicyVersionList"] if v["VersionId"] == _version(places, finding)]
        document = version["Document"]
    document = document if isinstance(document, dict) else json.loads(unquote(document))
    quoted = re.search(r"statement ([0-9 and]+)$", finding["observed"])
    assert quoted
    _check_statements(document, quoted[1])
    return quoted[1]


def _check_statements(document: Mapping[str, Any], numbers: str) -> None:
    """Each of them allows."""
    statements = next(value for name, value in document.items() if name.lower() == "statement")
    statements = statements if isinstance(statements, list) else [statements]
    for number in numbers.split(" and "):
        effects = [value for name, value in statements[int(number) - 1].items() if name.lower() == "effect"]
        assert effects == ["Allow"]


def _inline(places: list[Cited], finding: Finding) -> str:
    """The names of the inline policies, or those with the statements that are quoted, if each stands there."""
    kind = finding["observed"].partition("PolicyList")[0]
    policies = {str(p.get("PolicyName") or "?"): p for p in places[0].item[f"{kind}PolicyList"]}
    if finding["status"] == "PASS":
        return "; ".join(policies)
    quoted = str(finding["observed"].partition(" ")[2])
    for part in quoted.split("; "):
        name, _, statements = part.partition(" statement ")
        document = policies[name]["PolicyDocument"]
        document = document if isinstance(document, dict) else json.loads(unquote(document))
        _check_statements(document, statements)
    return quoted


def _trust(places: list[Cited], finding: Finding) -> str:
    return f"statement {_statement(places, finding)}"


_OTHERS: Mapping[str, Callable[[list[Cited], Finding], str]] = {
    "virtual-device-of-root": _device,
    **{f"{kind}PolicyList": _inline for kind in ("User", "Group", "Role")},
    "statement": _statement,
    "AssumeRolePolicyDocument": _trust,
    "CreateDate": _member("CreateDate"),
    **{name: _member(name) for name in ("UserName", "ServiceName", "Status")},
    "ExpirationDate": lambda places, _: _first(
        [place.item for place in places], lambda i: i.get("ExpirationDate", _NotSet)
    ),
    "Expiration": _member("Expiration"),
    "VersionId": _version,
    "AttachmentCount": _member("AttachmentCount"),
    "Code": _code,
    "LoginProfile": _login,
    "IamInstanceProfile": _profile,
}
