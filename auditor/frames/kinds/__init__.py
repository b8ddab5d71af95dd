"""How each kind of evidence becomes rows; one file a kind, this one lists them."""

from __future__ import annotations

from auditor.frames.kinds import (
    access_analyzers,
    access_keys,
    account_summary,
    authorization_details,
    contacts,
    ec2_instances,
    identity_providers,
    organization,
    password_policy,
    root_credentials,
    server_certificates,
    virtual_mfa_devices,
)
from auditor.frames.tables import Table

TABLES: tuple[Table, ...] = (
    *access_analyzers.TABLES,
    *access_keys.TABLES,
    *account_summary.TABLES,
    *authorization_details.TABLES,
    *contacts.TABLES,
    *ec2_instances.TABLES,
    *identity_providers.TABLES,
    *organization.TABLES,
    *password_policy.TABLES,
    *root_credentials.TABLES,
    *server_certificates.TABLES,
    *virtual_mfa_devices.TABLES,
)
