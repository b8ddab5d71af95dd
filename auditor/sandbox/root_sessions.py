"""Root sessions in the box: who may open them, and what they read of root's credentials."""

from __future__ import annotations

import re
from collections.abc import Callable

from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.facts import Key, User
from auditor.sandbox.markup import element, moment
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedOrganization
from auditor.sandbox.readers import Readers
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

_TARGET = re.compile(r"(\d{12})|arn:[a-z-]+:iam::(\d{12}):root", re.ASCII)
_LONGEST = 900  # seconds
_TASK = "policy/root-task/IAMAuditRootUserCredentials"
# What the audit task policy allows; the box serves the first five.
ALLOWED = (
    *("iam:getaccountsummary", "iam:getloginprofile", "iam:listaccesskeys", "iam:listmfadevices"),
    *("iam:listsigningcertificates", "iam:getaccesskeylastused", "iam:getuser"),
)


class RootTargets:
    """Checks a call of AssumeRoot and says whose root session it opens."""

    def __init__(self, options: SandboxOptions, organization: BoxedOrganization, readers: Readers) -> None:
        self._options, self._organization, self._readers = options, organization, readers

    def identity(self, caller: Identity, call: Call) -> tuple[Identity, int]:
        """The root of the target and how many seconds it may act; raises the AWS error."""
        found = _TARGET.fullmatch(call.params.get("TargetPrincipal", ""))
        duration = call.params.get("DurationSeconds", str(_LONGEST))
        if not found or not duration.isdecimal() or int(duration) > _LONGEST:
            raise AwsError("ValidationError", f"TargetPrincipal or DurationSeconds (at most {_LONGEST}) is invalid")
        account_id = found[1] or found[2]
        task = f"arn:{self._options.partition}:iam::aws:{_TASK}"
        if not self._may(caller, account_id) or call.params.get("TaskPolicyArn.arn") != task:
            what = f"sts:AssumeRoot on resource: arn:{self._options.partition}:iam::{account_id}:root"
            raise AwsError("AccessDenied", f"User: {caller.arn} is not authorized to perform: {what}", 403)
        arn = f"arn:{self._options.partition}:iam::{account_id}:root"
        return Identity(account_id, arn, account_id, ALLOWED), int(duration)

    def _may(self, caller: Identity, account_id: str) -> bool:
        account = self._organization.by_id.get(account_id)
        return (
            self._options.central_root
            and caller.account_id in self._readers.ids
            and account is not None
            and account.state == "ACTIVE"
            and not account.is_management
        )


class IamRoot:
    """The operations of IAM that root asks about itself; ``root_of`` is root as the credential report knows it."""

    def __init__(
        self,
        options: SandboxOptions,
        evidence_of: Callable[[str], PlantedEvidence],
        root_of: Callable[[str], User | None],
        keys_of_users: Operation,
    ) -> None:
        self._options, self._evidence_of, self._root_of = options, evidence_of, root_of
        self._keys_of_users = keys_of_users
        self.operations: dict[str, Operation] = {
            "GetLoginProfile": self.get_login_profile,
            "ListAccessKeys": self.list_access_keys,
            "ListMFADevices": self.list_mfa_devices,
            "ListSigningCertificates": self.list_signing_certificates,
        }

    def get_login_profile(self, identity: Identity, _call: Call) -> str:
        if not self._evidence_of(identity.account_id).root.password_present:
            raise AwsError("NoSuchEntity", "Login Profile for User cannot be found.", 404)
        made = element("CreateDate", moment(self._options.as_of))
        return element("LoginProfile", made + element("PasswordResetRequired", "false"))

    def list_access_keys(self, identity: Identity, call: Call) -> str:
        """Without a name: root's own."""
        if "UserName" in call.params:
            return self._keys_of_users(identity, call)
        root, planted = self._root_of(identity.account_id), self._evidence_of(identity.account_id)
        keys = [key for key in (root.key_1, root.key_2) if key.last_rotated] if root else []
        shown = [_key(key, number) for number, key in enumerate(keys[: 2 * planted.root.keys_present])]
        return _list("AccessKeyMetadata", shown)

    def list_mfa_devices(self, identity: Identity, _call: Call) -> str:
        root, prefix = self._evidence_of(identity.account_id).root, f"arn:{self._options.partition}:iam"
        virtual = f"{prefix}::{identity.account_id}:mfa/root-account-mfa-device"
        serial = virtual if root.virtual_mfa else f"{prefix}::{identity.account_id}:u2f/root/in-the-safe-ABC"
        device = element("SerialNumber", serial) + element("EnableDate", moment(self._options.as_of))
        return _list("MFADevices", [device] if root.mfa else [])

    def list_signing_certificates(self, _identity: Identity, _call: Call) -> str:
        return _list("Certificates", [])


def _key(key: Key, number: int) -> str:
    made = moment(key.last_rotated) if key.last_rotated else ""
    status = element("Status", "Active" if key.active else "Inactive")
    return element("AccessKeyId", f"AKIAROOT{number:012d}") + status + element("CreateDate", made)


def _list(name: str, items: list[str]) -> str:
    return element(name, "".join(element("member", item) for item in items)) + element("IsTruncated", "false")
