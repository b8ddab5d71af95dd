"""Root's credentials, as a session of root reads them in an account whose role cannot be assumed."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.kinds.access_keys import LIST_ACCESS_KEYS
from auditor.sandbox.kinds.account_summary import GET_ACCOUNT_SUMMARY
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import iam_page
from auditor.sandbox.wire import AwsError


def _get_login_profile(request: Request) -> dict[str, Any]:
    if not request.evidence.root.password_present:
        raise AwsError("NoSuchEntity", "Login Profile for User cannot be found.")
    return {"LoginProfile": {"CreateDate": request.options.as_of, "PasswordResetRequired": False}}


def _list_mfa_devices(request: Request) -> dict[str, Any]:
    evidence = request.evidence
    name = "mfa/root-account-mfa-device" if evidence.root.virtual_mfa else "u2f/root/in-the-safe-ABC"
    device = {"SerialNumber": f"{evidence.prefix}:{name}", "EnableDate": evidence.as_of}
    return iam_page(request, "MFADevices", [device] if evidence.root.mfa else [])


def _list_signing_certificates(request: Request) -> dict[str, Any]:
    return iam_page(request, "Certificates", [])


# The box does not foresee what a denial costs here: in these accounts, everything else is missing already.
KIND = BoxedKind(
    "root-credentials",
    (
        GET_ACCOUNT_SUMMARY,
        LIST_ACCESS_KEYS,
        Operation("iam:GetLoginProfile", _get_login_profile),
        Operation("iam:ListMFADevices", _list_mfa_devices),
        Operation("iam:ListSigningCertificates", _list_signing_certificates),
    ),
    is_optional=True,
    is_deniable=False,
)
