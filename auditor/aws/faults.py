"""The boundary where botocore's exceptions become this project's."""

from __future__ import annotations

from typing import Any

import botocore.exceptions as botocore_errors

from auditor.errors import AccessError, EvidenceError

FAULTS = (botocore_errors.BotoCoreError, botocore_errors.ClientError)
Fault = Any
"""One of FAULTS; botocore ships no types."""

_THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "TooManyRequestsException",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_BROKEN_CREDENTIALS = EXPIRED | {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
_TRANSPORT = (
    botocore_errors.HTTPClientError,  # resets, closed connections, timeouts, name resolution
    botocore_errors.EndpointConnectionError,
)
_RENEW = "renew them (for example 'aws sso login', or new AWS_* variables) and run again"


def code_of(error: Fault) -> str:
    """AWS's own error code, or the name of what went wrong before AWS could answer."""
    if isinstance(error, botocore_errors.ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_throttle(error: Fault) -> bool:
    return code_of(error) in _THROTTLES


def is_passing(error: Fault) -> bool:
    """Whether trying again may help: throttling, 5xx, and trouble on the wire other than a bad certificate."""
    if isinstance(error, botocore_errors.SSLError):
        return False
    if isinstance(error, botocore_errors.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return is_throttle(error) or status >= 500
    return isinstance(error, _TRANSPORT)


def evidence_error(error: Fault, stage: str) -> EvidenceError:
    """The same as a gap of one account; the text is kept on one line."""
    if isinstance(error, botocore_errors.ClientError):
        text = error.response.get("Error", {}).get("Message") or "AWS gave no message"
    else:
        text = str(error)
    return EvidenceError(stage, code_of(error), " ".join(text.split()))


def access_error(error: Fault) -> AccessError:
    """The same as trouble with the caller's own credentials, with what to do about it."""
    code = code_of(error)
    match error:
        case botocore_errors.NoCredentialsError():
            advice = "no AWS credentials were found; set AWS_PROFILE, --profile or the AWS_* variables"
        case botocore_errors.ProfileNotFound():
            advice = f"{error}; 'aws configure list-profiles' shows the known ones"
        case botocore_errors.PartialCredentialsError():
            advice = f"the AWS credentials are incomplete: {error}"
        case botocore_errors.SSLError():
            advice = f"{error}; AWS_CA_BUNDLE names a file with further certificate authorities"
        case _ if code in _BROKEN_CREDENTIALS or "SSO" in code or "Token" in code:
            advice = f"AWS does not accept the credentials ({code}); {_RENEW}"
        case _:
            problem = evidence_error(error, "identify")
            advice = f"AWS could not be asked who is calling ({problem.code}): {problem.message}"
    return AccessError(advice)
