"""STS in the box: who am I, and sessions in other accounts, of a role or of root."""

from __future__ import annotations

import re
from typing import Any

from auditor.sandbox.operations import Operation, Request
from auditor.sandbox.sessions import Identity, allowed_actions
from auditor.sandbox.wire import AwsError, NoAnswerError

_ROLE_ARN = re.compile(r"arn:([a-z-]+):iam::(\d{12}):role/(?:[\w+=,.@/-]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_LONGEST, _LONGEST_CHAINED, _SHORTEST = 43_200, 3_600, 900
_ROOT = re.compile(r"(\d{12})|arn:[a-z-]+:iam::(\d{12}):root", re.ASCII)
_LONGEST_OF_ROOT = 900
_ROOT_TASK = "policy/root-task/IAMAuditRootUserCredentials"
# What the audit task policy of root allows; the box serves the first five.
_ALLOWED_OF_ROOT = (
    *("iam:getaccountsummary", "iam:getloginprofile", "iam:listaccesskeys", "iam:listmfadevices"),
    *("iam:listsigningcertificates", "iam:getaccesskeylastused", "iam:getuser"),
)


def _get_caller_identity(request: Request) -> dict[str, str]:
    identity = request.identity
    return {"Arn": identity.arn, "UserId": identity.user_id, "Account": identity.account_id}


def _assume_role(request: Request) -> dict[str, Any]:
    identity, given = request.identity, request.parameters
    role_arn, name = given.get("RoleArn", ""), given.get("RoleSessionName", "")
    found = _ROLE_ARN.fullmatch(role_arn)
    if not found or not _SESSION_NAME.fullmatch(name):
        raise AwsError("ValidationError", f"{role_arn or name} is invalid")
    seconds = _duration(request)
    actions = allowed_actions(given["Policy"]) if given.get("Policy") else None
    partition, account_id, role = found.groups()
    if request.served.box.faults.get(account_id) == "hang-sts":
        raise NoAnswerError
    if not _may_assume(request, partition, account_id, role):
        raise AwsError("AccessDenied", _refusal(identity, "sts:AssumeRole", role_arn))
    _check_trust(request, role_arn)
    arn = f"arn:{partition}:sts::{account_id}:assumed-role/{role}/{name}"
    opened = Identity(account_id, arn, f"AROA{account_id}ROLE:{name}", actions)
    return {"AssumedRoleUser": {"AssumedRoleId": opened.user_id, "Arn": arn}} | _credentials(request, opened, seconds)


def _may_assume(request: Request, partition: str, account_id: str, role: str) -> bool:
    options = request.options
    return (
        _is_active_member(request, account_id)
        and request.served.box.faults.get(account_id) != "denied"
        and (partition, role) == (options.partition, options.role)
        and (not options.external_id or request.parameters.get("ExternalId", "") == options.external_id)
    )


def _is_active_member(request: Request, account_id: str) -> bool:
    account = request.organization.tree.by_id.get(account_id)
    return account is not None and account.state == "ACTIVE" and not account.is_management


def _check_trust(request: Request, role_arn: str) -> None:
    """The trust policy takes one source identity, one set of tags, and the base keys with MFA only."""
    options, identity, given = request.options, request.identity, request.parameters
    if options.mfa_code and not identity.is_session and given.get("TokenCode") != options.mfa_code:
        raise AwsError("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
    if given.get("SourceIdentity", "") != options.source_identity:
        raise AwsError("AccessDenied", _refusal(identity, "sts:SetSourceIdentity", role_arn))
    if {tag["Key"]: tag["Value"] for tag in given.get("Tags", ())} != dict(options.session_tags):
        raise AwsError("AccessDenied", _refusal(identity, "sts:TagSession", role_arn))


def _duration(request: Request) -> int:
    seconds: int = request.parameters.get("DurationSeconds", 3600)
    longest = _LONGEST_CHAINED if request.identity.is_session else _LONGEST
    if not _SHORTEST <= seconds <= longest:
        raise AwsError("ValidationError", f"DurationSeconds must be between {_SHORTEST} and {longest}")
    return seconds


def _assume_root(request: Request) -> dict[str, Any]:
    given, partition = request.parameters, request.options.partition
    found, seconds = _ROOT.fullmatch(given.get("TargetPrincipal", "")), given.get("DurationSeconds", _LONGEST_OF_ROOT)
    if not found or seconds > _LONGEST_OF_ROOT:
        limit = f"(at most {_LONGEST_OF_ROOT})"
        raise AwsError("ValidationError", f"TargetPrincipal or DurationSeconds {limit} is invalid")
    account_id = found[1] or found[2]
    arn, task = f"arn:{partition}:iam::{account_id}:root", f"arn:{partition}:iam::aws:{_ROOT_TASK}"
    may = request.options.central_root and request.identity.account_id in request.served.readers.ids
    is_task = given.get("TaskPolicyArn", {}).get("arn") == task
    if not may or not is_task or not _is_active_member(request, account_id):
        raise AwsError("AccessDenied", _refusal(request.identity, "sts:AssumeRoot", arn))
    return _credentials(request, Identity(account_id, arn, account_id, _ALLOWED_OF_ROOT), seconds)


def _credentials(request: Request, identity: Identity, seconds: float) -> dict[str, Any]:
    session = request.served.sessions.open(identity, request.options.session_seconds or seconds)
    credentials = {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret_key,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }
    return {"Credentials": credentials}


def _refusal(identity: Identity, action: str, arn: str) -> str:
    return f"User: {identity.arn} is not authorized to perform: {action} on resource: {arn}"


OPERATIONS = (
    Operation("sts:GetCallerIdentity", _get_caller_identity),
    Operation("sts:AssumeRole", _assume_role),
    Operation("sts:AssumeRoot", _assume_root),
)
