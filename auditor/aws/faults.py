"""The boundary where botocore's exceptions become this project's."""

from __future__ import annotations

import re
from typing import Any

import botocore.exceptions as botocore_errors
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from auditor.aws.verified import AnswerTooLargeError
from auditor.errors import CALLER_CREDENTIALS, AccessError, EvidenceError

FAULTS = (botocore_errors.BotoCoreError, botocore_errors.ClientError, ResponseParserError)
Fault = Any
"""One of FAULTS; botocore ships no types."""

# The SDK's own sets. LimitExceededException is a quota that is used up: waiting does not help.
_THROTTLES = frozenset(ThrottledRetryableChecker._THROTTLED_ERROR_CODES) - {"LimitExceededException"}
_TRANSIENT = frozenset(TransientRetryableChecker._TRANSIENT_ERROR_CODES)
_TOO_MANY_REQUESTS, _SERVICE_UNAVAILABLE = 429, 503
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_BROKEN_CREDENTIALS = EXPIRED | {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
_TRANSPORT = (
    botocore_errors.HTTPClientError,  # resets, closed connections, timeouts, name resolution
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectTimeoutError,
    botocore_errors.ProxyConnectionError,
    ResponseParserError,  # a body that is no answer: a proxy's page, or half an answer
)
# AWS quotes what it was sent where a signature does not match.
_TOKEN = re.compile(r"(x-amz-security-token:)\S+", re.IGNORECASE)
_AUTHORITIES = "AWS_CA_BUNDLE can name a file with further certificate authorities"
_LOG_IN = "check its role_arn, its external_id and the MFA code"
_RENEW = "renew them (for example 'aws sso login', or new AWS_* variables) and run again"


def code_of(error: Fault) -> str:
    """AWS's own error code, or the name of what went wrong before AWS could answer."""
    if isinstance(error, botocore_errors.ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return "AnswerTooLarge" if _is_too_large(error) else type(error).__name__


def request_id_of(error: Fault) -> str:
    """AWS's name for the call, empty where AWS did not answer."""
    if not isinstance(error, botocore_errors.ClientError):
        return ""
    return str(error.response.get("ResponseMetadata", {}).get("RequestId", ""))


def is_throttle(error: Fault) -> bool:
    """Whether AWS asks for fewer calls."""
    return code_of(error) in _THROTTLES or _status_of(error) == _TOO_MANY_REQUESTS


def is_overload(error: Fault) -> bool:
    """Whether the service says that it has too much to do, for this caller or at all: a throttle, or a 503."""
    return is_throttle(error) or _status_of(error) == _SERVICE_UNAVAILABLE


def is_outage(error: Fault) -> bool:
    """Whether the service, or the way to it, does not work; a throttle says that it does."""
    return is_passing(error) and not is_throttle(error)


def is_refusal(error: Fault) -> bool:
    """Whether the call was turned away at the door: it says nothing of the service behind it."""
    code = code_of(error)
    return _status_of(error) in (401, 403) or is_denial(code) or code in _BROKEN_CREDENTIALS


def is_denial(code: str) -> bool:
    """Whether AWS says with this code that the caller may not do something."""
    return code in _DENIALS


def is_answer(error: Fault) -> bool:
    """Whether AWS said it; all else happened on the way."""
    return isinstance(error, botocore_errors.ClientError)


def is_timeout(error: Fault) -> bool:
    return isinstance(error, botocore_errors.ReadTimeoutError | botocore_errors.ConnectTimeoutError)


def is_passing(error: Fault) -> bool:
    """Whether trying again may help: throttling, 5xx, and trouble on the wire, but for a bad certificate or an endless
    answer."""
    if isinstance(error, botocore_errors.SSLError) or _is_too_large(error):
        return False
    if isinstance(error, botocore_errors.ClientError):
        return is_throttle(error) or code_of(error) in _TRANSIENT or _status_of(error) >= 500
    return isinstance(error, _TRANSPORT)


def _status_of(error: Fault) -> int:
    """The HTTP status of AWS's answer, 0 where AWS did not answer."""
    if not isinstance(error, botocore_errors.ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _is_too_large(error: Fault) -> bool:
    return isinstance(getattr(error, "kwargs", {}).get("error"), AnswerTooLargeError)


def evidence_error(error: Fault, stage: str) -> EvidenceError:
    """The same as a gap of one account; the text is kept on one line, and a session token out of it."""
    return EvidenceError(stage, code_of(error), text_of(error), request_id_of(error))


def text_of(error: Fault) -> str:
    """What AWS or the SDK says of it, on one line and without a session token."""
    if isinstance(error, botocore_errors.ClientError):
        text = error.response.get("Error", {}).get("Message") or "AWS gave no message"
    else:
        text = str(error)
    return _TOKEN.sub(r"\1(withheld)", " ".join(text.split()))


def access_error(error: Fault, profile: str = "") -> AccessError:
    """Trouble with finding the caller's own credentials, with what to do about it; ``profile`` is in use."""
    match error:
        case botocore_errors.NoCredentialsError():
            return AccessError("no AWS credentials were found; set AWS_PROFILE, --profile or the AWS_* variables")
        case botocore_errors.ProfileNotFound():
            return AccessError(f"{error}; 'aws configure list-profiles' shows the known ones")
        case botocore_errors.PartialCredentialsError():
            return AccessError(f"the AWS credentials are incomplete: {error}")
        case botocore_errors.SSOError() | botocore_errors.TokenRetrievalError():
            return AccessError(f"the SSO login of profile {profile!r} is missing or expired; {_sso_login(profile)}")
        case botocore_errors.InvalidConfigError() | botocore_errors.ConfigNotFound():
            return AccessError(f"the AWS configuration of profile {profile!r} is not valid: {error}")
        case botocore_errors.CredentialRetrievalError():
            return AccessError(f"the credentials of profile {profile!r} could not be fetched: {text_of(error)}")
        case botocore_errors.ClientError() if is_denial(code_of(error)):
            told = f"({code_of(error)}: {text_of(error)})"
            return AccessError(f"AWS refused {error.operation_name} to profile {profile!r} {told}; {_LOG_IN}")
        case _:
            return not_identified(evidence_error(error, "identify"))


def _sso_login(profile: str) -> str:
    return f"run 'aws sso login --profile {profile}' and try again"


def not_identified(error: EvidenceError) -> AccessError:
    """Trouble with asking AWS who is calling, with what to do about it."""
    if error.code == CALLER_CREDENTIALS:
        return AccessError(error.message)
    told = f"({error.code}: {error.message})"
    if error.code in _BROKEN_CREDENTIALS or "SSO" in error.code or "Token" in error.code:
        return AccessError(f"AWS does not accept the caller's credentials {told}; {_RENEW}")
    if error.code == "SSLError":
        return AccessError(f"AWS was not called: its certificate is not valid {told}; {_AUTHORITIES}")
    return AccessError(f"AWS did not answer who is calling {told}; check the network, the proxy and the region")
