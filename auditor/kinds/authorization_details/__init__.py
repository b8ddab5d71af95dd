"""Who may do what in one account: users, groups, roles and policies with their documents."""

from __future__ import annotations

from auditor.kinds.authorization_details import accounts, administrators, inline, outsiders, policies, trust
from auditor.kinds.authorization_details.details import HOLDERS, LISTS, read_details
from auditor.kinds.declaration import LARGEST_PAGE, Call, Kind, Owner, Probe, RowsByUnit, Table
from auditor.model import AUTHORIZATION_DETAILS, Unit
from auditor.store.evidence import Document

_DETAILS = Call(
    "iam:GetAccountAuthorizationDetails",
    parameters={"MaxItems": LARGEST_PAGE},
    items=LISTS["users"],
    probe=Probe({"MaxItems": 1}),
)


def rows(_: str, document: Document) -> RowsByUnit:
    """The rows of one account, users and policies in the order of the evidence; EvidenceError: see ``read_details``."""
    details = read_details(document)
    managed, identities = policies.policy_rows(details), inline.identity_rows(details)
    return {
        Unit.USER: [accounts.user_row(line, user) for line, user in details.of("users")],
        Unit.POLICY: managed,
        Unit.IDENTITY: identities,
        Unit.GRANT: administrators.administrator_rows(details, managed, identities),
        Unit.RESOURCE: trust.resource_rows(details),
        Unit.ROLE: outsiders.trust_rows(details),
        Unit.ACCOUNT: [accounts.account_row(details)],
    }


def _foreign(owner_id: str, document: Document) -> str:
    """Every user, group and role must be of the account that was asked."""
    arns = (str(item.get("Arn", "")) for name in HOLDERS for _, item in document.items(LISTS[name]))
    foreign = (arn for arn in arns if arn.split(":")[4:5] != [owner_id])
    return next((f"the authorization details of account {owner_id} hold {arn!r}" for arn in foreign), "")


KIND = Kind(
    name=AUTHORIZATION_DETAILS,
    owner=Owner.ACCOUNT,
    about="The users, groups, roles and policies of an account, with the documents of the policies.",
    calls=(_DETAILS,),
    foreign=_foreign,
    tables=(
        Table(
            Unit.USER,
            accounts.USER_COLUMNS,
            name="user_permissions",
            about="How each user gets permissions: directly, or through groups.",
        ),
        Table(
            Unit.POLICY,
            policies.COLUMNS,
            name="policies",
            about="Each managed policy that is attached to somebody.",
        ),
        Table(Unit.IDENTITY, inline.COLUMNS),
        Table(Unit.RESOURCE, trust.COLUMNS),
        Table(
            Unit.GRANT,
            administrators.COLUMNS,
            name="administrators",
            about="Each user, group and role that a policy makes, or may make, an administrator.",
        ),
        Table(
            Unit.ROLE,
            outsiders.COLUMNS,
            name="role_trusts",
            about="Whom of outside its account a role lets in: a row for each principal that a trust policy allows.",
        ),
        Table(
            Unit.ACCOUNT,
            accounts.ACCOUNT_COLUMNS,
            name="account_permissions",
            about="Who has AWS Support or CloudShell access, and which roles anybody may assume, by account.",
        ),
    ),
    rows=rows,
)
