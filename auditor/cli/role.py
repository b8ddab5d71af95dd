"""The role command: the least-privilege roles of a run, as text to deploy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import CHOOSING, CONFIG, WAIVERS, catalog_of, options, selection_of, settings_from
from auditor.errors import ConfigurationError
from auditor.model import ROOT_CREDENTIALS
from auditor.settings import Settings

if TYPE_CHECKING:
    from auditor.aws.role import Grant, RolePlan

MEMBER_ROLE = "aws-org-auditor"
_OF_AWS = {"OrganizationAccountAccessRole"}
_MEMBER, _MANAGEMENT = "member", "management"


@click.command()
@click.option(
    "--for",
    "account",
    type=click.Choice([_MEMBER, _MANAGEMENT]),
    default=_MEMBER,
    help="member: the role that is assumed in every account; management: the one you run as, in the management "
    "account or as a delegated administrator  [member]",
)
@click.option(
    "--as",
    "language",
    type=click.Choice(["cloudformation", "terraform"]),
    default="cloudformation",
    help="cloudformation or terraform  [cloudformation]",
)
@click.option("--principal", metavar="ARN", help="Role or user that may assume it  [a parameter without default]")
@click.option("--organization", metavar="ID", help="Trust only callers of this organization (o-...)  [a parameter]")
@click.option("--role", metavar="NAME", help=f"Name of the role in the members  [{MEMBER_ROLE}]")
@click.option("--external-id", metavar="TEXT", help="Make the external id a parameter that must be given (not printed)")
@options(CONFIG, *CHOOSING, WAIVERS)
def role(account: str, language: str, principal: str | None, organization: str | None, **given: Any) -> None:
    """Print the least-privilege role for a run: what the chosen benchmarks call, and nothing else.

    Deploy 'auditor role' as a StackSet over the member accounts and 'auditor role --for management' in the account
    you run from; then 'auditor run --role aws-org-auditor'. Trust the management role, not a whole account:
    its ARN is the principal of the member roles.
    """
    from auditor.aws import role as roles

    settings = settings_from(given)
    plan = role_plan(settings, account, _checked_principal(principal), _checked_organization(organization))
    print({"cloudformation": roles.cloudformation, "terraform": roles.terraform}[language](plan), end="")


def role_plan(settings: Settings, account: str, principal: str = "", organization: str = "") -> RolePlan:
    """The role that a run with these settings needs in a ``member`` account, or in the ``management`` account."""
    from auditor.aws.role import RolePlan

    member = account == _MEMBER
    name = settings.role if "role" in settings.model_fields_set else MEMBER_ROLE
    about = "Reads identity evidence of this account for aws-org-auditor"
    if not member:
        about = "Runs aws-org-auditor: reads the organization and assumes the role in each member account"
    return RolePlan(
        name=name if member else f"{name}-management",
        about=about,
        grants=tuple(_grants(settings, account, kinds_of(settings))),
        duration=settings.session_duration,
        member_role=name,
        principal=principal,
        organization=organization,
        asks_external_id=member and settings.external_id is not None,
        passes=tuple(passed_actions(settings)) if member else (),
        notes=tuple(_member_notes(name, settings) if member else _management_notes(settings)),
    )


def kinds_of(settings: Settings) -> frozenset[str]:
    """The kinds of evidence a run with these settings collects."""
    from auditor.cli.collecting import kinds_needed
    from auditor.cli.waivers import waivers_of

    catalog = catalog_of(settings)
    return kinds_needed(selection_of(settings, catalog), settings, waivers_of(settings, catalog))


def passed_actions(settings: Settings) -> Iterator[str]:
    """What STS asks to be allowed, besides AssumeRole, for what is passed on with it."""
    if settings.source_identity:
        yield "sts:SetSourceIdentity"
    if settings.session_tags:
        yield "sts:TagSession"


def _grants(settings: Settings, account: str, kinds: Collection[str]) -> Iterator[Grant]:
    """Raises ConfigurationError where there is none."""
    from auditor.aws.role import Grant, Resource
    from auditor.cli.collectors import account_actions, organization_actions

    read = tuple(account_actions(kinds))
    if read:
        yield Grant("ReadAccount", read)
    if account == _MANAGEMENT:
        yield Grant("ReadOrganization", tuple(organization_actions(kinds)))
        yield Grant("EnterMembers", ("sts:AssumeRole", *passed_actions(settings)), Resource.MEMBER_ROLES)
        if ROOT_CREDENTIALS in kinds:
            yield Grant("AuditRootOfMembers", ("sts:AssumeRoot",), Resource.MEMBER_ROOTS)
    elif not read:
        raise ConfigurationError("the chosen controls read nothing in member accounts: no role is needed there")


def _member_notes(name: str, settings: Settings) -> Iterator[str]:
    yield f"The role {name}, which aws-org-auditor assumes in each member account: run with --role {name}."
    yield from _reach(settings)
    yield "A StackSet with service-managed permissions reaches every member, but never the management account."
    if name in _OF_AWS:
        yield "AWS Organizations makes a role of this name in each account it creates: there the name is already used."


def _management_notes(settings: Settings) -> Iterator[str]:
    yield "The role to run aws-org-auditor as, in the management account or in that of a delegated administrator."
    yield "It reads its own account and the organization, and may assume the auditor's role in every member."
    yield from _reach(settings)


def _reach(settings: Settings) -> Iterator[str]:
    """What the permissions were made for."""
    yield "It may read only what the following need; print it again if these change:"
    narrowed = {"level": settings.level, "section": settings.section, "requirement": settings.requirement}
    yield f"  benchmark: {', '.join(settings.benchmark)}"
    for name, value in narrowed.items():
        if value:
            yield f"  {name}: {', '.join(value) if isinstance(value, tuple) else value}"


def _checked_principal(arn: str | None) -> str:
    from auditor.aws.role.plan import PRINCIPAL

    if arn is not None and not re.fullmatch(PRINCIPAL, arn):
        raise ConfigurationError(
            f"--principal: {arn!r} is not the ARN of a role, user or account (arn:...:iam::012345678901:role/NAME)"
        )
    return arn or ""


def _checked_organization(name: str | None) -> str:
    from auditor.aws.role.plan import ORGANIZATION

    if name is not None and not re.fullmatch(ORGANIZATION, name):
        raise ConfigurationError(f"--organization: {name!r} is not the id of an organization (like o-a1b2c3d4e5)")
    return name or ""
