"""Organizations in the box beyond its tree: policies, delegations, trusted services and tags; IAM's features of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from auditor.sandbox.guardrails import TRUSTED_SERVICES, Guardrail, OrganizationFacts, tags_of
from auditor.sandbox.markup import element
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedOrganization
from auditor.sandbox.readers import Readers, page, to_json
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

Shape = dict[str, Any]
_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY")


class OrganizationPolicies:
    """Reads about the organization as a whole; ListPolicies begins with an empty page that has a token."""

    def __init__(
        self, options: SandboxOptions, organization: BoxedOrganization, facts: OrganizationFacts, readers: Readers
    ) -> None:
        self._options, self._organization, self._facts, self._readers = options, organization, facts, readers
        guard = readers.guarded
        self.operations: dict[str, Operation] = {
            "ListDelegatedAdministrators": guard(self.list_delegated_administrators),
            "ListDelegatedServicesForAccount": guard(self.list_delegated_services_for_account),
            "ListAWSServiceAccessForOrganization": guard(self.list_aws_service_access_for_organization),
            "ListPolicies": guard(self.list_policies),
            "DescribePolicy": guard(self.describe_policy),
            "ListTargetsForPolicy": guard(self.list_targets_for_policy),
            "DescribeResourcePolicy": guard(self.describe_resource_policy),
            "ListTagsForResource": guard(self.list_tags_for_resource),
        }
        self.iam_operations: dict[str, Operation] = {"ListOrganizationsFeatures": self.list_organizations_features}

    def list_delegated_administrators(self, call: Call) -> str:
        shapes = [self._administrator(account_id) for account_id in self._facts.delegated]
        return page(call, "DelegatedAdministrators", shapes, self._options.page_size)

    def list_delegated_services_for_account(self, call: Call) -> str:
        services = self._facts.delegated.get(call.params.get("AccountId", ""))
        if services is None:
            message = "The specified account is not a delegated administrator for this AWS service."
            raise AwsError("AccountNotRegisteredException", message)
        shapes = [{"ServicePrincipal": name, "DelegationEnabledDate": self._days_ago(300)} for name in services]
        return page(call, "DelegatedServices", shapes, self._options.page_size)

    def list_aws_service_access_for_organization(self, call: Call) -> str:
        shapes = [{"ServicePrincipal": name, "DateEnabled": self._days_ago(600)} for name in TRUSTED_SERVICES]
        return page(call, "EnabledServicePrincipals", shapes, self._options.page_size)

    def list_policies(self, call: Call) -> str:
        wanted = call.params.get("Filter")
        if wanted not in _TYPES:
            raise AwsError("InvalidInputException", "You specified an invalid value.", Reason="INVALID_ENUM")
        shapes = [self._summary(policy) for policy in self._facts.guardrails if policy.type == wanted]
        return page(call, "Policies", shapes, self._options.page_size, first_is_empty=True)

    def describe_policy(self, call: Call) -> str:
        policy = self._policy(call)
        return to_json(Policy={"PolicySummary": self._summary(policy), "Content": policy.content})

    def list_targets_for_policy(self, call: Call) -> str:
        shapes = [self._target(target) for target in self._policy(call).targets]
        return page(call, "Targets", shapes, self._options.page_size)

    def describe_resource_policy(self, _call: Call) -> str:
        if not self._facts.resource_policy:
            message = "No resource policy found for the organization."
            raise AwsError("ResourcePolicyNotFoundException", message)
        arn = self._arn("resourcepolicy", "rp-sandbox00")
        summary = {"Id": "rp-sandbox00", "Arn": arn}
        return to_json(ResourcePolicy={"ResourcePolicySummary": summary, "Content": self._facts.resource_policy})

    def list_tags_for_resource(self, call: Call) -> str:
        resource = call.params.get("ResourceId", "")
        account = self._organization.by_id.get(resource)
        if account is None and resource not in self._organization.containers:
            raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")
        tags = {} if account is None else tags_of(account)
        shapes = [{"Key": key, "Value": value} for key, value in tags.items()]
        return page(call, "Tags", shapes, self._options.page_size)

    def list_organizations_features(self, identity: Identity, _call: Call) -> str:
        if not self._options.in_organization:
            raise AwsError("OrganizationNotFoundException", "The account is not in an organization.", 400)
        if identity.account_id not in self._readers.ids:
            message = "The account is not the management account or a delegated administrator for IAM."
            raise AwsError("AccountNotManagementOrDelegatedAdministratorException", message, 400)
        features = "".join(element("member", name) for name in self._facts.features)
        return element("OrganizationId", self._organization.id) + element("EnabledFeatures", features)

    def _policy(self, call: Call) -> Guardrail:
        found = [policy for policy in self._facts.guardrails if policy.id == call.params.get("PolicyId")]
        if not found:
            raise AwsError("PolicyNotFoundException", "You specified a policy that doesn't exist.")
        return found[0]

    def _summary(self, policy: Guardrail) -> Shape:
        kind = policy.type.lower()
        own = self._arn("policy", f"{kind}/{policy.id}")
        of_aws = f"arn:{self._options.partition}:organizations::aws:policy/{kind}/{policy.id}"
        return {
            "Id": policy.id,
            "Arn": of_aws if policy.is_of_aws else own,
            "Name": policy.name,
            "Description": "",
            "Type": policy.type,
            "AwsManaged": policy.is_of_aws,
        }

    def _target(self, target_id: str) -> Shape:
        account = self._organization.by_id.get(target_id)
        if account is not None:
            return {"TargetId": account.id, "Arn": account.arn, "Name": account.name, "Type": "ACCOUNT"}
        container = self._organization.containers[target_id]
        kind = "ORGANIZATIONAL_UNIT" if container.parent_id else "ROOT"
        return {"TargetId": container.id, "Arn": container.arn, "Name": container.name, "Type": kind}

    def _administrator(self, account_id: str) -> Shape:
        account = self._organization.by_id[account_id]
        return {
            "Id": account.id,
            "Arn": account.arn,
            "Email": account.email,
            "Name": account.name,
            "Status": "ACTIVE",
            "State": "ACTIVE",
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": account.joined.timestamp(),
            "DelegationEnabledDate": self._days_ago(300),
        }

    def _arn(self, kind: str, rest: str) -> str:
        prefix = f"arn:{self._options.partition}:organizations::{self._organization.management_id}"
        return f"{prefix}:{kind}/{self._organization.id}/{rest}"

    def _days_ago(self, days: int) -> float:
        when: datetime = self._options.as_of - timedelta(days=days)
        return when.timestamp()
