"""The evidence of the box behind the real SDK: each operation says what was planted, or is refused as AWS would."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.access_analyzers import planted_analyzers
from auditor.sandbox.kinds.authorization_details import planted_permissions
from auditor.sandbox.kinds.contacts import has_security_contact
from auditor.sandbox.kinds.delegated_administrators import planted_delegates
from auditor.sandbox.kinds.ec2_instances import planted_instances
from auditor.sandbox.kinds.identity_providers import planted_providers
from auditor.sandbox.kinds.password_policy import planted_policy
from auditor.sandbox.kinds.server_certificates import planted_certificates
from auditor.sandbox.kinds.virtual_mfa_devices import planted_devices
from auditor.sandbox.services import CLIENTS
from tests.expected.kinds import OPERATIONS
from tests.wired import ONCE, Wire, refused, wired

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(accounts=44, users=6, as_of=AS_OF, faulty=False)
SHORT_PAGES, ORDINARY_PAGES = 13, 12
OPTED_OUT = 5
PARAMETERS: dict[str, dict[str, Any]] = {
    "ListAccessKeys": {"UserName": "bo"},
    "GetAlternateContact": {"AlternateContactType": "SECURITY"},
    "ListDelegatedServicesForAccount": {"AccountId": "123456789012"},
    "ListPolicies": {"Filter": "SERVICE_CONTROL_POLICY"},
    "DescribePolicy": {"PolicyId": "p-FullAWSAccess"},
    "ListTargetsForPolicy": {"PolicyId": "p-FullAWSAccess"},
    "ListTagsForResource": {"ResourceId": "123456789012"},
}
# Every operation that can be denied -> the SDK's client and what to call it with.
CALLS = {name: (CLIENTS[service], PARAMETERS.get(name, {})) for name, (service, _) in OPERATIONS.items()}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with wired(monkeypatch, Sandbox(OPTIONS)) as found:
        yield found


async def opened(wire: Wire, number: int, service: str, **more: str) -> AbstractAsyncContextManager[Any]:
    """A client of a member account, or of the caller's own with number 0."""
    keys = await wire.keys(wire.member(number)) if number else {}
    client: AbstractAsyncContextManager[Any] = wire.client(service, **keys, **more)
    return client


def planted(wire: Wire, number: int) -> PlantedEvidence:
    return wire.box.evidence(wire.member(number))


async def call(client: Any, operation: str) -> Any:
    parameters = CALLS[operation][1]
    name = next(name for name, wanted in client.meta.method_to_api_mapping.items() if wanted == operation)
    return await getattr(client, name)(**parameters)


async def whole(client: Any, operation: str, **parameters: Any) -> Any:
    return await client.get_paginator(operation).paginate(**parameters).build_full_result()


# --- IAM ---


async def test_summaries_count_what_is_there(wire: Wire) -> None:
    seen: Counter[str] = Counter()
    for number in range(1, len(wire.box.organization.active)):
        evidence = planted(wire, number)
        async with await opened(wire, number, "iam") as iam:
            found = (await iam.get_account_summary())["SummaryMap"]
            report = await _report(iam)
            details = await whole(iam, "get_account_authorization_details")
            assert found["Users"] == len(report) - 1 == len(details["UserDetailList"])
            assert (found["Groups"], found["Roles"]) == (
                len(details["GroupDetailList"]),
                len(details["RoleDetailList"]),
            )
            certificates = (await whole(iam, "list_server_certificates"))["ServerCertificateMetadataList"]
            assert found["ServerCertificates"] == len(certificates)
            providers = evidence.of(planted_providers)
            assert found["Providers"] == len(providers.saml) + len(providers.oidc)
            assert found["MFADevices"] >= len((await whole(iam, "list_virtual_mfa_devices"))["VirtualMFADevices"])
        root = next(row for row in report if row["user"] == "<root_account>")
        seen["inactive root key"] += found["AccountAccessKeysPresent"] and "true" not in _root_keys(root)
        seen["denied by the summary"] += root["mfa_active"].lower() == "true" and not found["AccountMFAEnabled"]
        seen["claimed by the summary"] += root["mfa_active"].lower() == "false" and found["AccountMFAEnabled"]
        seen["password"] += root["password_enabled"].lower() == "false" and found["AccountPasswordPresent"]
    assert len(+seen) == 4, seen


async def _report(iam: Any) -> list[dict[str, str]]:
    await iam.generate_credential_report()
    content = (await iam.get_credential_report())["Content"].decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def _root_keys(root: dict[str, str]) -> set[str]:
    return {root[f"access_key_{slot}_active"].lower() for slot in (1, 2)}


async def test_password_policies(wire: Wire) -> None:
    lengths = set()
    for number in range(1, 20):
        policy = planted(wire, number).of(planted_policy)
        async with await opened(wire, number, "iam") as iam:
            if policy is None:
                with refused("NoSuchEntity", 404):
                    await iam.get_account_password_policy()
                continue
            found = (await iam.get_account_password_policy())["PasswordPolicy"]
        assert found["MinimumPasswordLength"] == policy.length
        assert found.get("PasswordReusePrevention") == policy.reuse
        assert (found["ExpirePasswords"], found.get("MaxPasswordAge")) == (policy.expires, policy.max_age)
        names = ("RequireUppercaseCharacters", "RequireLowercaseCharacters", "RequireSymbols", "RequireNumbers")
        expected = (policy.uppercase, policy.lowercase, policy.symbol, policy.number)
        assert tuple(found[name] for name in names) == expected
        lengths.add(found["MinimumPasswordLength"])
    assert lengths == {6, 13, 14, 15}


async def test_every_user_of_the_report_is_in_the_authorization_details(wire: Wire) -> None:
    for number in range(1, len(wire.box.organization.active)):
        async with await opened(wire, number, "iam") as iam:
            report = await _report(iam)
            details = await whole(iam, "get_account_authorization_details")
        told = {(user["UserName"], user["Arn"]) for user in details["UserDetailList"]}
        assert told == {(row["user"], row["arn"]) for row in report if row["user"] != "<root_account>"}
        _check_attachments(details)


def _check_attachments(details: dict[str, Any]) -> None:
    """AttachmentCount is the number of users, groups and roles that have the policy."""
    entities = [*details["UserDetailList"], *details["GroupDetailList"], *details["RoleDetailList"]]
    having = Counter(policy["PolicyArn"] for entity in entities for policy in entity["AttachedManagedPolicies"])
    counts = {policy["Arn"]: policy["AttachmentCount"] for policy in details["Policies"]}
    assert {arn: count for arn, count in counts.items() if count} == having
    for policy in details["Policies"]:
        default = [v["VersionId"] for v in policy["PolicyVersionList"] if v["IsDefaultVersion"]]
        assert default == [policy["DefaultVersionId"]]
    assert {group for user in details["UserDetailList"] for group in user["GroupList"]} <= {
        group["GroupName"] for group in details["GroupDetailList"]
    }


async def test_documents_arrive_as_they_were_planted(wire: Wire) -> None:
    texts: set[str] = set()
    for number in range(1, 20):
        permissions = planted(wire, number).of(planted_permissions)
        async with await opened(wire, number, "iam") as iam:
            details = await whole(iam, "get_account_authorization_details")
        versions = {p.name: [v.document for v in p.versions] for p in permissions.policies}
        for policy in details["Policies"]:
            for version, text in zip(policy["PolicyVersionList"], versions[policy["PolicyName"]], strict=True):
                if isinstance(version["Document"], str):
                    texts.add(policy["PolicyName"])
                else:
                    assert version["Document"] == json.loads(text)
        trusts = {role.name: json.loads(role.trust) for role in permissions.roles}
        assert {r["RoleName"]: r["AssumeRolePolicyDocument"] for r in details["RoleDetailList"]} == trusts
        inline = [policy for user in details["UserDetailList"] for policy in user.get("UserPolicyList", [])]
        texts_of_users = {text for user in permissions.users for _, text in user.grants.inline}
        documents = [policy["PolicyDocument"] for policy in inline]
        assert all(isinstance(document, dict) or unquote(document) in texts_of_users for document in documents)
    assert texts == {"not-json"}


async def test_pages_of_authorization_details(wire: Wire) -> None:
    async with await opened(wire, SHORT_PAGES, "iam") as iam:
        pages = [page async for page in iam.get_paginator("get_account_authorization_details").paginate()]
    sizes = [sum(len(v) for v in page.values() if isinstance(v, list)) for page in pages]
    assert sizes[:3] == [7, 0, 7]
    assert pages[1]["Marker"]
    assert pages[1]["IsTruncated"]
    assert len(sizes) > 3
    async with await opened(wire, ORDINARY_PAGES, "iam") as iam:
        first = await iam.get_account_authorization_details(MaxItems=3)
        rest = await whole(iam, "get_account_authorization_details", MaxItems=1000)
        assert first["IsTruncated"]
        assert first["UserDetailList"] == rest["UserDetailList"][:3]
        with refused("ValidationError", 400):
            await iam.get_account_authorization_details(Marker="made-up")
        with refused("ValidationError", 400):
            await iam.get_account_authorization_details(Marker=first["Marker"], Filter=["Role"])
        with refused("ValidationError", 400):
            await iam.list_server_certificates(Marker=first["Marker"])


@pytest.mark.parametrize(
    ("filters", "filled"),
    [
        (["User"], {"UserDetailList"}),
        (["Group", "Role"], {"GroupDetailList", "RoleDetailList"}),
        (["LocalManagedPolicy"], {"Policies"}),
        (["AWSManagedPolicy"], {"Policies"}),
    ],
)
async def test_filters_of_authorization_details(wire: Wire, filters: list[str], filled: set[str]) -> None:
    for number in (ORDINARY_PAGES, SHORT_PAGES):
        async with await opened(wire, number, "iam") as iam:
            found = await whole(iam, "get_account_authorization_details", Filter=filters)
        assert {name for name, value in found.items() if isinstance(value, list) and value} == filled
        owners = {policy["Arn"].split(":")[4] for policy in found["Policies"]}
        assert owners == {"LocalManagedPolicy": {wire.member(number)}, "AWSManagedPolicy": {"aws"}}.get(
            filters[0], set()
        )


async def test_virtual_mfa_devices_by_assignment(wire: Wire) -> None:
    of_root = set()
    for number in range(1, 34):
        evidence = planted(wire, number)
        async with await opened(wire, number, "iam") as iam:
            by = {s: await _devices(iam, s) for s in ("Any", "Assigned", "Unassigned")}
        assert by["Any"] == by["Assigned"] + by["Unassigned"]
        arns = {device["User"]["Arn"] for device in by["Assigned"]}
        root = f"arn:aws:iam::{evidence.account_id}:root"
        assert (root in arns) is evidence.root.virtual_mfa
        assert len(arns - {root}) == len(evidence.of(planted_devices))
        assert len(by["Unassigned"]) == number % 2
        assert all("User" not in device for device in by["Unassigned"])
        of_root.add(root in arns)
    assert of_root == {True, False}


async def _devices(iam: Any, status: str) -> Any:
    return (await whole(iam, "list_virtual_mfa_devices", AssignmentStatus=status))["VirtualMFADevices"]


async def test_server_certificates(wire: Wire) -> None:
    left = set()
    for number in range(1, 14):
        async with await opened(wire, number, "iam") as iam:
            found = (await whole(iam, "list_server_certificates"))["ServerCertificateMetadataList"]
        told = [(c["ServerCertificateName"], c["Expiration"]) for c in found]
        assert told == [(c.name, c.expires) for c in planted(wire, number).of(planted_certificates)]
        left |= {(expires - AS_OF).total_seconds() for _, expires in told}
    assert {-1, 0, 1} < left


async def test_third_keys(wire: Wire) -> None:
    counted = []
    for number in range(1, 12):
        async with await opened(wire, number, "iam") as iam:
            for row in await _report(iam):
                if row.get("additional_credentials_info", "N/A") != "N/A":
                    keys = (await iam.list_access_keys(UserName=row["user"]))["AccessKeyMetadata"]
                    counted.append((row["user"], [key["Status"] for key in keys]))
                    assert len({key["AccessKeyId"] for key in keys}) == len(keys)
            with refused("NoSuchEntity", 404):
                await iam.list_access_keys(UserName="nobody-of-that-name")
    assert counted == [
        ("third-key", ["Inactive", "Inactive", "Active"]),
        ("further-keys", ["Active", "Active", "Inactive", "Active"]),
        ("further-keys", ["Active", "Active", "Inactive", "Active"]),
    ]


async def test_identity_providers(wire: Wire) -> None:
    kinds = set()
    for number in range(1, 6):
        providers = planted(wire, number).of(planted_providers)
        async with await opened(wire, number, "iam") as iam:
            saml = [p["Arn"] for p in (await iam.list_saml_providers())["SAMLProviderList"]]
            oidc = [p["Arn"] for p in (await iam.list_open_id_connect_providers())["OpenIDConnectProviderList"]]
        assert (tuple(saml), tuple(oidc)) == (providers.saml, providers.oidc)
        kinds.add((bool(saml), bool(oidc)))
    assert kinds == {(False, False), (True, False), (False, True), (True, True)}


# --- By region ---


async def test_analyzers_of_each_region(wire: Wire) -> None:
    seen = set()
    for number in range(12):
        evidence = planted(wire, number)
        for region in evidence.regions:
            async with await opened(wire, number, "accessanalyzer", region_name=region) as client:
                found = (await whole(client, "list_analyzers"))["analyzers"]
            here = [a for a in evidence.of(planted_analyzers) if a.region == region]
            assert [(a["type"], a["status"]) for a in found] == [(a.type, a.status) for a in here]
            assert all(a["arn"].split(":")[3:5] == [region, evidence.account_id] for a in found)
            seen |= {(a["type"], a["status"]) for a in found}
    assert {status for kind, status in seen if kind == "ACCOUNT"} == {"ACTIVE", "CREATING", "DISABLED", "FAILED"}
    assert {("ORGANIZATION", "ACTIVE"), ("ORGANIZATION", "FAILED"), ("ACCOUNT_UNUSED_ACCESS", "ACTIVE")} <= seen


async def test_an_empty_page_of_analyzers_has_a_token(wire: Wire) -> None:
    async with await opened(wire, SHORT_PAGES, "accessanalyzer") as client:
        first = await client.list_analyzers()
        assert (first["analyzers"], bool(first["nextToken"])) == ([], True)
        with refused("ValidationException", 400):
            await client.list_analyzers(nextToken="made-up")


async def test_regions_that_are_off(wire: Wire) -> None:
    optional = OPTIONS.opt_in_region
    for number, status in ((OPTED_OUT, "not-opted-in"), (OPTED_OUT + 1, "opted-in")):
        async with await opened(wire, number, "ec2") as ec2:
            on = {r["RegionName"] for r in (await ec2.describe_regions())["Regions"]}
            every = {
                r["RegionName"]: r["OptInStatus"] for r in (await ec2.describe_regions(AllRegions=True))["Regions"]
            }
        assert every[optional] == status
        assert set(every) == set(OPTIONS.all_regions)
        assert (optional in on) is (status == "opted-in")
        assert on == set(wire.box.evidence(wire.member(number)).regions)
    async with await opened(wire, OPTED_OUT, "ec2", region_name=optional) as ec2:
        with refused("AuthFailure", 401):
            await ec2.describe_instances()
    async with await opened(wire, OPTED_OUT, "accessanalyzer", region_name=optional) as client:
        with refused("UnrecognizedClientException", 403):
            await client.list_analyzers()


async def test_instances(wire: Wire) -> None:
    seen = set()
    for number in range(1, 14):
        evidence = planted(wire, number)
        for region in evidence.regions:
            async with await opened(wire, number, "ec2", region_name=region) as ec2:
                reservations = (await whole(ec2, "describe_instances"))["Reservations"]
                running = [{"Name": "instance-state-name", "Values": ["running"]}]
                alive = (await whole(ec2, "describe_instances", Filters=running))["Reservations"]
            found = [instance for r in reservations for instance in r["Instances"]]
            told = [(i["InstanceId"], i["State"]["Name"], "IamInstanceProfile" in i) for i in found]
            assert told == [
                (i.id, i.state, i.has_profile) for i in evidence.of(planted_instances) if i.region == region
            ]
            assert len(alive) == sum(state == "running" for _, state, _ in told)
            seen |= {(state, has) for _, state, has in told}
    assert {("running", True), ("running", False), ("stopped", False), ("terminated", False)} <= seen
    async with await opened(wire, SHORT_PAGES, "ec2") as ec2:
        assert (await ec2.describe_instances())["NextToken"]


# --- Contacts and the organization ---


async def test_contacts(wire: Wire) -> None:
    answers = set()
    for number in range(1, 5):
        async with await opened(wire, number, "account") as account:
            assert (await account.get_contact_information())["ContactInformation"]["FullName"] == f"Owner {number}"
            with refused("ResourceNotFoundException", 404):
                await account.get_alternate_contact(AlternateContactType="BILLING")
            if has := planted(wire, number).of(has_security_contact):
                contact = (await account.get_alternate_contact(AlternateContactType="SECURITY"))["AlternateContact"]
                assert contact["EmailAddress"] == "security@example.com"
            else:
                with refused("ResourceNotFoundException", 404):
                    await account.get_alternate_contact(AlternateContactType="SECURITY")
        answers.add(has)
    assert answers == {True, False}


async def test_organization_wide_reads(wire: Wire) -> None:
    delegates = wire.box.organization_evidence.of(planted_delegates)
    async with wire.client("organizations") as client:
        delegated = (await whole(client, "list_delegated_administrators"))["DelegatedAdministrators"]
        services = {
            a["Id"]: tuple(
                s["ServicePrincipal"]
                for s in (await whole(client, "list_delegated_services_for_account", AccountId=a["Id"]))[
                    "DelegatedServices"
                ]
            )
            for a in delegated
        }
        trusted = (await whole(client, "list_aws_service_access_for_organization"))["EnabledServicePrincipals"]
        policy = (await client.describe_resource_policy())["ResourcePolicy"]["Content"]
        with refused("AccountNotRegisteredException", 400):
            await client.list_delegated_services_for_account(AccountId=wire.box.organization.management_id)
    assert services == delegates
    assert len(services) == 2
    assert {"iam.amazonaws.com", "access-analyzer.amazonaws.com"} <= {s["ServicePrincipal"] for s in trusted}
    assert json.loads(policy)["Statement"][0]["Principal"]["AWS"].split(":")[4] in delegates
    async with wire.client("iam") as iam:
        assert (await iam.list_organizations_features())["EnabledFeatures"][0] == "RootCredentialsManagement"
    async with wire.client("sso-admin") as sso:
        assert len((await whole(sso, "list_instances"))["Instances"]) == 1
    async with wire.client("sso-admin", region_name="eu-west-1") as sso:
        assert (await sso.list_instances())["Instances"] == []


async def test_guardrail_policies_and_their_targets(wire: Wire) -> None:
    found: dict[str, set[str]] = {}
    async with wire.client("organizations") as client:
        for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            first = await client.list_policies(Filter=kind)
            assert (first["Policies"], bool(first["NextToken"])) == ([], True)
            for policy in (await whole(client, "list_policies", Filter=kind))["Policies"]:
                told = (await client.describe_policy(PolicyId=policy["Id"]))["Policy"]
                assert json.loads(told["Content"])["Statement"]
                assert told["PolicySummary"] == policy
                targets = (await whole(client, "list_targets_for_policy", PolicyId=policy["Id"]))["Targets"]
                found[policy["Name"]] = {target["Type"] for target in targets}
        with refused("PolicyNotFoundException", 400):
            await client.describe_policy(PolicyId="p-nothere0")
    assert found["FullAWSAccess"] == {"ROOT", "ORGANIZATIONAL_UNIT"}
    assert found["no root, please"] == {"ORGANIZATIONAL_UNIT", "ACCOUNT"}
    assert found["attached to nothing"] == set()
    assert found["data stays inside"] == {"ROOT"}


async def test_tags_of_accounts(wire: Wire) -> None:
    keys = set()
    async with wire.client("organizations") as client:
        for number in range(6):
            tags = (await whole(client, "list_tags_for_resource", ResourceId=wire.member(number)))["Tags"]
            keys.add(tuple(tag["Key"] for tag in tags))
        assert (await client.list_tags_for_resource(ResourceId=wire.box.organization.root.id))["Tags"] == []
        with refused("TargetNotFoundException", 400):
            await client.list_tags_for_resource(ResourceId="999999999999")
    assert keys == {("Owner", "Environment", "CostCenter"), ()}


async def test_an_organization_without_any_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(replace(OPTIONS, central_root=False, policy_delegate=False, identity_center=False))
    with wired(monkeypatch, box) as wire:
        async with wire.client("organizations") as organizations, wire.client("iam") as iam:
            with refused("ResourcePolicyNotFoundException", 400):
                await organizations.describe_resource_policy()
            assert (await iam.list_organizations_features())["EnabledFeatures"] == []
        async with wire.client("sso-admin") as sso:
            assert (await sso.list_instances())["Instances"] == []


async def test_members_may_not_read_the_organization(wire: Wire) -> None:
    async with await opened(wire, 1, "organizations") as client:
        for operation in ("ListPolicies", "DescribeResourcePolicy", "ListDelegatedAdministrators"):
            with refused("AccessDeniedException", 400):
                await call(client, operation)
    async with await opened(wire, 1, "iam") as iam:
        with refused("AccountNotManagementOrDelegatedAdministratorException", 400):
            await iam.list_organizations_features()


# --- Refusals ---


@pytest.mark.parametrize("operation", sorted(CALLS))
async def test_a_denied_operation_and_its_neighbours(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    victim = Sandbox(OPTIONS).organization.management_id
    box = Sandbox(replace(OPTIONS, faults={victim: f"deny:{operation}"}))
    with wired(monkeypatch, box) as wire:
        for other, (service, _) in CALLS.items():
            if CALLS[operation][0] != service:
                continue
            async with wire.client(service) as client:
                try:
                    await call(client, other)
                    code, message = "", ""
                except ClientError as error:
                    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            assert ("service control policy" in message) is (other == operation), (other, code, message)
            if other == operation:
                assert code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
                assert f"{OPERATIONS[operation][0]}:{operation}" in message


async def test_a_denial_in_one_region(monkeypatch: pytest.MonkeyPatch) -> None:
    victim = Sandbox(OPTIONS).organization.active[1].id
    box = Sandbox(replace(OPTIONS, faults={victim: "deny:ListAnalyzers@eu-west-1,GetAccountSummary"}))
    with wired(monkeypatch, box) as wire:
        async with await opened(wire, 1, "accessanalyzer", region_name="eu-west-1") as client:
            with refused("AccessDeniedException", 403):
                await client.list_analyzers()
        async with await opened(wire, 1, "accessanalyzer") as client:
            await client.list_analyzers()
        async with await opened(wire, 1, "iam") as iam:
            with refused("AccessDenied", 403):
                await iam.get_account_summary()
        async with await opened(wire, 2, "iam") as iam:
            await iam.get_account_summary()


@pytest.mark.parametrize("operation", sorted(CALLS))
async def test_session_policies_speak_of_iam_actions(wire: Wire, operation: str) -> None:
    prefix = OPERATIONS[operation][0]

    def policy(*actions: str) -> str:
        return json.dumps({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})

    for actions, is_allowed in (([f"{prefix}:{operation}"], True), (["sts:*", f"{prefix}x:*"], False)):
        keys = await wire.keys(wire.member(), Policy=policy(*actions))
        async with wire.client(CALLS[operation][0], **keys) as client:
            try:
                await call(client, operation)
                message = ""
            except ClientError as error:
                message = error.response["Error"]["Message"]
        assert ("no session policy allows" in message) is not is_allowed, message


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("DescribeRegions", "RequestLimitExceeded", 503),
        ("ListAnalyzers", "ThrottlingException", 429),
        ("GetContactInformation", "TooManyRequestsException", 429),
        ("ListInstances", "ThrottlingException", 400),
    ],
)
async def test_throttles_and_expiry_of_each_service(
    monkeypatch: pytest.MonkeyPatch, operation: str, code: str, status: int
) -> None:
    box = Sandbox(replace(OPTIONS, throttle_rate=1.0))
    with wired(monkeypatch, box) as wire:
        async with wire.client(CALLS[operation][0]) as client:
            with refused(code, status):
                await call(client, operation)
    assert box.errors == {code: 1}


async def test_unknown_keys_in_the_words_of_each_service(wire: Wire) -> None:
    unknown = {"aws_access_key_id": "AKIAUNKNOWN", "aws_secret_access_key": "x"}
    for operation, code, status in (
        ("DescribeRegions", "AuthFailure", 401),
        ("ListAnalyzers", "UnrecognizedClientException", 403),
        ("ListInstances", "UnrecognizedClientException", 400),
    ):
        async with wire.client(CALLS[operation][0], ONCE, **unknown) as client:
            with refused(code, status):
                await call(client, operation)


async def test_unknown_operations_of_the_new_services(wire: Wire) -> None:
    async with wire.client("ec2") as ec2:
        with refused("InvalidAction", 400):
            await ec2.describe_vpcs()
    async with wire.client("accessanalyzer") as client:
        with refused("UnknownOperationException", 404):
            await client.list_findings(analyzerArn="arn:aws:access-analyzer:us-east-1:123456789012:analyzer/x")


async def test_a_partition_without_the_account_service(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(replace(OPTIONS, partition="aws-us-gov"))
    assert box.options.all_regions == ("us-gov-west-1", "us-gov-east-1")
    with wired(monkeypatch, box) as wire:
        async with await opened(wire, 1, "account", region_name="us-gov-west-1") as account:
            with refused("UnknownOperationException", 404):
                await account.get_contact_information()
        async with await opened(wire, 1, "accessanalyzer", region_name="us-gov-east-1") as client:
            assert all(":us-gov-east-1:" in a["arn"] for a in (await client.list_analyzers())["analyzers"])
        async with await opened(wire, 1, "iam") as iam:
            details = await whole(iam, "get_account_authorization_details")
    assert {policy["Arn"].split(":")[1] for policy in details["Policies"]} == {"aws-us-gov"}
