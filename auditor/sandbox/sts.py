"""STS in the box: who am I, and sessions in other accounts."""

from __future__ import annotations

import itertools
import re
from xml.sax.saxutils import escape

from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedOrganization
from auditor.sandbox.root_sessions import RootTargets
from auditor.sandbox.sessions import Identity, Operation, Session, Sessions, allowed_actions
from auditor.sandbox.wire import AwsError, Call, NoAnswerError

_ROLE_ARN = re.compile(r"arn:([a-z-]+):iam::(\d{12}):role/(?:[\w+=,.@/-]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_LONGEST, _LONGEST_CHAINED, _SHORTEST = 43_200, 3_600, 900


class Sts:
    """The operations of STS."""

    def __init__(
        self,
        options: SandboxOptions,
        organization: BoxedOrganization,
        faults: dict[str, str],
        sessions: Sessions,
        targets: RootTargets,
    ) -> None:
        self._options, self._organization = options, organization
        self._faults, self._sessions, self._targets = faults, sessions, targets
        self.operations: dict[str, Operation] = {
            "GetCallerIdentity": self.get_caller_identity,
            "AssumeRole": self.assume_role,
            "AssumeRoot": self.assume_root,
        }

    def get_caller_identity(self, identity: Identity, _call: Call) -> str:
        return (
            f"<Arn>{escape(identity.arn)}</Arn><UserId>{escape(identity.user_id)}</UserId>"
            f"<Account>{identity.account_id}</Account>"
        )

    def assume_role(self, identity: Identity, call: Call) -> str:
        role_arn = call.params.get("RoleArn", "")
        name = call.params.get("RoleSessionName", "")
        found = _ROLE_ARN.fullmatch(role_arn)
        if not found or not _SESSION_NAME.fullmatch(name):
            raise AwsError("ValidationError", f"{role_arn or name} is invalid")
        asked = _duration(call.params.get("DurationSeconds", "3600"), identity)
        policy = call.params.get("Policy")
        actions = allowed_actions(policy) if policy else None
        partition, account_id, role = found.groups()
        if self._faults.get(account_id) == "hang-sts":
            raise NoAnswerError
        if not self._may_assume(partition, account_id, role, call.params.get("ExternalId", "")):
            raise AwsError("AccessDenied", _refusal(identity, role_arn), 403)
        self._check_passed(identity, call, role_arn)
        arn = f"arn:{partition}:sts::{account_id}:assumed-role/{role}/{name}"
        seconds = self._options.session_seconds or asked
        return self._credentials(Identity(account_id, arn, f"AROA{account_id}ROLE:{name}", actions), seconds)

    def assume_root(self, identity: Identity, call: Call) -> str:
        root, seconds = self._targets.identity(identity, call)
        return _given(self._sessions.open(root, self._options.session_seconds or seconds))

    def _may_assume(self, partition: str, account_id: str, role: str, external_id: str) -> bool:
        account = self._organization.by_id.get(account_id)
        return (
            account is not None
            and account.state == "ACTIVE"
            and not account.is_management
            and self._faults.get(account_id) != "denied"
            and partition == self._options.partition
            and role == self._options.role
            and (not self._options.external_id or external_id == self._options.external_id)
        )

    def _check_passed(self, identity: Identity, call: Call, role_arn: str) -> None:
        """The trust policy takes one source identity, one set of tags, and the base keys with MFA only."""
        if (
            self._options.mfa_code
            and not identity.is_session
            and call.params.get("TokenCode") != self._options.mfa_code
        ):
            message = "MultiFactorAuthentication failed with invalid MFA one time pass code."
            raise AwsError("AccessDenied", message, 403)
        if call.params.get("SourceIdentity", "") != self._options.source_identity:
            raise AwsError("AccessDenied", _refusal(identity, role_arn, "sts:SetSourceIdentity"), 403)
        if _tags(call) != dict(self._options.session_tags):
            raise AwsError("AccessDenied", _refusal(identity, role_arn, "sts:TagSession"), 403)

    def _credentials(self, identity: Identity, seconds: float) -> str:
        session = self._sessions.open(identity, seconds)
        return (
            f"<AssumedRoleUser><AssumedRoleId>{identity.user_id}</AssumedRoleId><Arn>{identity.arn}</Arn>"
            f"</AssumedRoleUser>{_given(session)}"
        )


def _given(session: Session) -> str:
    return (
        f"<Credentials><AccessKeyId>{session.access_key}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret_key}</SecretAccessKey><SessionToken>{session.token}</SessionToken>"
        f"<Expiration>{session.expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
    )


def _duration(text: str, identity: Identity) -> int:
    longest = _LONGEST_CHAINED if identity.is_session else _LONGEST
    if not text.isdecimal() or not _SHORTEST <= int(text) <= longest:
        raise AwsError("ValidationError", f"DurationSeconds must be between {_SHORTEST} and {longest}")
    return int(text)


def _tags(call: Call) -> dict[str, str]:
    """``Tags.member.1.Key`` and ``.Value``, and so on."""
    names = (f"Tags.member.{number}" for number in itertools.count(1))
    listed = itertools.takewhile(lambda name: f"{name}.Key" in call.params, names)
    return {call.params[f"{name}.Key"]: call.params[f"{name}.Value"] for name in listed}


def _refusal(identity: Identity, role_arn: str, action: str = "sts:AssumeRole") -> str:
    return f"User: {identity.arn} is not authorized to perform: {action} on resource: {role_arn}"
