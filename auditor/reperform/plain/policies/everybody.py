"""Whom a trust policy lets in: a statement for every principal, with no condition that only chosen ones can meet."""

from __future__ import annotations

import ipaddress
from typing import Any

from auditor.reperform.plain.policies.reading import PolicyError, Statement, statements

_FOR_TEXTS = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
_OF_ONE_OWNER = {
    *("aws:principalorgid", "aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid"),
    *("aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "kms:calleraccount"),
    *("saml:iss", "saml:namequalifier"),
}
_OF_A_PATH = {"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"}
_OF_AN_ARN = {"aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn"}
_OWN = ("${aws:resourceaccount}", "${aws:resourceorgid}", "${aws:resourceorgpaths}")
_OF_HOSTS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_MOST_ADDRESSES = {4: 2**24, 6: 2**96}


def strangers(document: Any) -> list[int]:
    """The numbers of the statements, from 1, that let everybody in. PolicyError for what names no principals."""
    found = statements(document)
    for statement in found:
        if "principal" not in statement.elements and "notprincipal" not in statement.elements:
            raise PolicyError(f"names no principal in statement {statement.number}")
    return [s.number for s in found if s.allows and _everybody(s) and not any(_narrows(*c) for c in s.conditions)]


def _everybody(statement: Statement) -> bool:
    if "notprincipal" in statement.elements:
        return True
    return any(_anybody(name) for name in statement.elements["principal"])


def _anybody(name: str) -> bool:
    """A star of any kind, or an ARN with one for its account."""
    parts = name.split(":")
    who = parts[4] if parts[0] == "arn" and len(parts) >= 6 else name
    return "*" in who and not who.strip("*?")


def _narrows(operator: str, key: str, values: list[str]) -> bool:
    """Whether the test holds for nobody but whom the owner chose: every one of its values names somebody."""
    operator = operator.removeprefix("foranyvalue:")
    if operator == "ipaddress":
        return key == "aws:sourceip" and bool(values) and all(map(_few_addresses, values))
    return operator in _FOR_TEXTS and bool(values) and all(_names_somebody(key, value) for value in values)


def _names_somebody(key: str, value: str) -> bool:
    if key in _OF_ONE_OWNER or key.endswith((":sub", ":aud")):
        return _fixed(value)
    if key in _OF_A_PATH:
        return _fixed(value.partition("/")[0])
    if key == "aws:userid":
        return _fixed(value.partition(":")[0])
    return key in _OF_AN_ARN and _of_somebody(value)


def _of_somebody(arn: str) -> bool:
    """An ARN of one account; where the service leaves accounts out, as S3 does, of one resource."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return False
    return _fixed(parts[4] or parts[5].partition("/")[0])


def _fixed(value: str) -> bool:
    """Without wildcards and variables, but for those of the resource's own account and organization."""
    lower = value.lower()
    if _is_endpoint(lower):
        return False
    for variable in _OWN:
        lower = lower.replace(variable, "own")
    return lower != "" and not any(wild in lower for wild in ("*", "?", "${"))


def _is_endpoint(audience: str) -> bool:
    """Sign-in's or STS's, of any region and partition: the same for every account that federates this way."""
    if audience.startswith("https://") and audience.endswith("/saml"):
        labels = audience.removeprefix("https://").removesuffix("/saml").split(".")
        return _is_host(labels) and "signin" in labels[:-1]
    service, *labels = audience.split(".")
    if service not in ("sts", "sts-fips") or not _is_host(labels) or len(labels) < 2:
        return False
    return labels[0] == "amazonaws" or _is_region(labels[0]) or labels[1:-1][:1] == ["amazonaws"]


def _is_host(labels: list[str]) -> bool:
    return all(label and not label.strip(_OF_HOSTS) for label in labels)


def _is_region(label: str) -> bool:
    *words, number = label.split("-")
    return len(words) > 1 and all(word.isalpha() for word in words) and number.isdigit()


def _few_addresses(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.num_addresses <= _MOST_ADDRESSES[network.version]
