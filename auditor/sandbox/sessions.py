"""Who is calling: the base keys, the sessions that AssumeRole has handed out, and who may read the organization."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache

from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.wire import AwsError, Call

BASE_KEY = "AKIASANDBOXCALLER001"
BASE_SECRET = "not-a-secret-only-a-word-for-the-sandbox"
BASE_TOKEN = "token-that-the-sandbox-takes-with-the-base-key"
# Credentials of a login that has run out.
EXPIRED_KEY = "ASIASANDBOXEXPIRED01"
EXPIRED_TOKEN = "a-token-that-has-expired"
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Identity:
    """A recognized caller; ``actions`` are the patterns its session policy allows, None without one."""

    account_id: str
    arn: str
    user_id: str
    actions: tuple[str, ...] | None = None

    @property
    def is_session(self) -> bool:
        return ":assumed-role/" in self.arn

    def require(self, call: Call) -> None:
        """Raise AccessDenied when the session policy leaves the operation out."""
        action = f"{call.service}:{call.operation}".lower()
        if self.actions is None or call.operation == "GetCallerIdentity":
            return
        if not any(fnmatchcase(action, pattern) for pattern in self.actions):
            reason = "because no session policy allows the action"
            raise AwsError("AccessDenied", f"User: {self.arn} is not authorized to perform: {action} {reason}")


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials as AssumeRole answers them."""

    identity: Identity
    access_key: str
    secret_key: str
    token: str
    expires: datetime


class Sessions:
    """Every credential of the box; ``clock`` gives seconds since 1970."""

    def __init__(self, base: Identity, clock: Callable[[], float] = time.time) -> None:
        self._base, self._clock = base, clock
        self._numbers = itertools.count(1)
        expired = Session(base, EXPIRED_KEY, "", EXPIRED_TOKEN, datetime.fromtimestamp(0, UTC))
        self._by_key = {EXPIRED_KEY: expired}

    def open(self, identity: Identity, seconds: float) -> Session:
        """Fresh credentials, never handed out before."""
        number = next(self._numbers)
        key = f"ASIA{_base32(number)}"
        expires = datetime.fromtimestamp(self._clock() + seconds, UTC)
        session = Session(identity, key, f"secret-{number:033d}", f"token-{key}-{number * 7919:064x}", expires)
        self._by_key[key] = session
        return session

    def identify(self, call: Call) -> Identity:
        """Whose keys signed the call; raises the AWS error for none, unknown and expired ones."""
        if not call.access_key:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token")
        if call.access_key == BASE_KEY and call.token in ("", BASE_TOKEN):
            return self._base
        session = self._by_key.get(call.access_key)
        if session is None or session.token != call.token:
            message = "The security token included in the request is invalid."
            raise AwsError("InvalidClientTokenId", message)
        if self._clock() >= session.expires.timestamp():
            raise AwsError("ExpiredToken", "The security token included in the request is expired")
        return session.identity


class Readers:
    """Who may read the organization: ``ids`` are the management account and a delegated administrator."""

    def __init__(self, options: SandboxOptions, management_id: str, caller_account: str) -> None:
        self.in_organization = options.in_organization
        self.ids = frozenset({management_id} | ({caller_account} if options.delegated else set()))

    def require(self, account_id: str) -> None:
        """Raise the AWS error for an account that may not."""
        self.require_organization()
        if account_id not in self.ids:
            raise AwsError("AccessDenied", "You don't have permissions to access this resource.")

    def require_organization(self) -> None:
        if not self.in_organization:
            message = "Your account is not a member of an organization."
            raise AwsError("AWSOrganizationsNotInUseException", message)


def _base32(number: int) -> str:
    digits = []
    for _ in range(16):
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


@lru_cache(maxsize=64)
def allowed_actions(policy: str) -> tuple[str, ...]:
    """The lower-case action patterns that a session policy allows; raises as STS does on a bad policy."""
    if len(policy) > 2048:
        raise AwsError("PackedPolicyTooLarge", "Packed policy consumes more than 100% of allotted space")
    try:
        statements = json.loads(policy)["Statement"]
        listed = [statements] if isinstance(statements, dict) else statements
        actions = [s["Action"] for s in listed if s["Effect"] == "Allow"]
    except (ValueError, KeyError, TypeError):
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.") from None
    return tuple(a.lower() for group in actions for a in ([group] if isinstance(group, str) else group))
