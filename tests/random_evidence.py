"""Evidence of every kind by chance: what AWS might answer, and now and then what it never would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from auditor.model import (
    ACCESS_ANALYZERS,
    ACCESS_KEYS,
    ACCOUNT_SUMMARY,
    ACCOUNT_TAGS,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    DELEGATED_ADMINISTRATORS,
    EC2_INSTANCES,
    IDENTITY_CENTER,
    IDENTITY_PROVIDERS,
    ORGANIZATION_FEATURES,
    ORGANIZATION_POLICIES,
    OU_TREE,
    PASSWORD_POLICY,
    RESOURCE_POLICY,
    ROOT_USER,
    SERVER_CERTIFICATES,
    TRUSTED_SERVICES,
    VIRTUAL_MFA_DEVICES,
)
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from tests import documents as of
from tests.by_kind import made_by_kinds
from tests.random_policies import DELEGATED, policy
from tests.support import COLUMNS, Row, report, root, user

# Around every threshold, to the second, and anywhere; negative: after the as-of time.
DAYS = (0, 1, 29, 30, 31, 44, 45, 46, 59, 60, 61, 89, 90, 91, 400, -1, -400)
SECONDS = (-11, -10, -9, -1, 0, 0, 0, 1, 9, 10, 11, 43_200)
INSTEAD = ("N/A", "n/a", "no_information", "NO_INFORMATION", "not_supported", "")
FLAGS = ("true", "TRUE", "false", "False")
LETTERS = "abcNA017,=+-@._"
MORE = "additional_credentials_info"
GONE = of.GONE
Item = dict[str, Any]
Make = Callable[[Random, datetime, str, "Written"], Document]


def moment(dice: Random, as_of: datetime) -> str:
    """A time around a threshold, as a report writes it."""
    found = as_of - timedelta(days=dice.choice(DAYS), seconds=dice.choice(SECONDS))
    text = found.strftime("%Y-%m-%dT%H:%M:%S")
    return text + dice.choice(("Z", "Z", "+00:00", ".5Z", "+01:00"))


class Written:
    """An account's report; ``more`` are the users of whom it tells more, with when the keys in its slots were made."""

    def __init__(self, dice: Random, as_of: datetime, account_id: str) -> None:
        self.more: dict[str, list[str]] = {}
        names = sorted({"".join(dice.choices(LETTERS, k=dice.randint(1, 12))) for _ in range(dice.randint(0, 6))})
        rows = [root(account_id)] * dice.choice((0, 1, 1, 1, 1, 1)) + [user(name, account_id) for name in names]
        wide = dice.random() < 0.5
        columns = [*COLUMNS, *([MORE] if wide else [])]
        odd = dice.choice((0, 0, 0.05, 0.4))
        rows = [self._row(dice, as_of, dict(row), columns, odd) for row in rows]
        lacking = dice.sample(columns[2:], dice.choice((0, 0, 0, 1, 3)))
        shown = [column for column in columns if column not in lacking]
        if dice.random() < 0.1:
            dice.shuffle(shown)
        partition = dice.choice((b"arn:aws:",) * 5 + (b"arn:aws-us-gov:",))
        content = report(rows, shown, dice.choice(("\n", "\n", "\r\n"))).replace(b"arn:aws:", partition)
        self.content = _damaged(dice, _repeated(dice, content))

    def _row(self, dice: Random, as_of: datetime, row: Row, columns: list[str], odd: float) -> Row:
        row |= {column: _cell(dice, as_of, column, odd) for column in columns[2:]}
        if dice.random() < 0.15:  # a key that was made with its user
            row["access_key_1_last_rotated"] = row["user_creation_time"]
        if row.get(MORE, "").strip() not in ("", "0", "false", "N/A", "n/a") and row["user"] != ROOT_USER:
            self.more[row["user"]] = [row[f"access_key_{slot}_last_rotated"] for slot in (1, 2)]
        return row


def _cell(dice: Random, as_of: datetime, column: str, odd: float) -> str:
    """``odd`` is how likely what AWS writes in place of a value is, where a value should be."""
    if column == MORE:
        return dice.choice(("", "0", "false", "N/A", "1", "1", "2", "true", " 0 "))
    if column.endswith("_active") or column == "password_enabled":
        return dice.choice(INSTEAD if dice.random() < odd else FLAGS)
    if column.endswith(("_region", "_service")):
        return dice.choice(("N/A", "s3", ""))
    if dice.random() < odd:
        return dice.choice(INSTEAD)
    return dice.choice(INSTEAD[:4]) if dice.random() < 0.2 else moment(dice, as_of)


def _repeated(dice: Random, content: bytes) -> bytes:
    """Now and then with some lines a second time, as they are or with something else in them."""
    header, *lines = content.split(b"\n")
    if dice.random() > 0.15 or not lines:
        return content
    for line in dice.sample(lines, dice.choice((1, 1, min(2, len(lines))))):
        another = line.replace(b"true", b"false", 1) if dice.random() < 0.5 else line
        lines.insert(dice.randint(0, len(lines)), another)
    return b"\n".join([header, *lines])


def _damaged(dice: Random, content: bytes) -> bytes:
    """Mostly as it is."""
    lines = content.split(b"\n")
    damages: tuple[Callable[[], bytes], ...] = (
        lambda: b"",
        lambda: b"<html>no</html>",
        lambda: lines[0],
        lambda: content + b"\n",
        lambda: content + b"\n\n" + lines[-1],
        lambda: content[: len(content) * 2 // 3],
        lambda: content.replace(b"true", b"maybe", 1),
        lambda: content.replace(b"Z,", b"X,", 1),
        lambda: content.replace(b"-01T", b"-32T", 1),
        lambda: b"\xef\xbb\xbf" + content,
        lambda: content.replace(b'"', b""),
        lambda: content + b"\xff",
        lambda: content.replace(b":user/", b":user/some/path,of/", 1).replace(b'"', b""),
    )
    return dice.choice(damages)() if dice.random() < 0.2 else content


def _summary(dice: Random, *_: Any) -> Document:
    counts = (0, 1, 2, GONE, GONE)
    odd = ("1", True, None) if dice.random() < 0.1 else ()
    return of.summary(1, *(dice.choice(counts + odd) for _ in range(3)))


def _password_policy(dice: Random, *_: Any) -> Document:
    if dice.random() < 0.2:
        return of.no_policy()
    numbers = {
        "MinimumPasswordLength": (13, 14, 15, 6, GONE),
        "PasswordReusePrevention": (23, 24, 25, GONE),
        "MaxPasswordAge": (0, 1, 89, 90, 91, GONE),
    }
    flags = ("RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters")
    changes = {name: dice.choice(values) for name, values in numbers.items()}
    changes |= {name: dice.choice((True, False, GONE)) for name in (*flags, "ExpirePasswords")}
    if dice.random() < 0.1:
        changes[dice.choice(list(changes))] = dice.choice(("14", 1.5, None))
    return of.policy(**changes)


def _devices(dice: Random, _: datetime, account_id: str, __: Written) -> Document:
    owners = ("", f"arn:aws:iam::{account_id}:root", f"arn:aws:iam::{account_id}:user/root")
    return of.virtual_devices(*(dice.choice(owners) for _ in range(dice.choice((0, 1, 2)))))


def _details(dice: Random, *_: Any) -> Document:
    shipped = [f"arn:aws:iam::aws:policy/{path}" for path in ("AWSSupportAccess", "x/AWSCloudShellFullAccess")]
    own = [f"arn:aws:iam::000000000007:policy/p{number}" for number in range(4)]
    lists: dict[str, list[Item]] = {
        kind: [_holder(dice, kind[:-1].title(), f"{kind}{n}", [*shipped, *own]) for n in range(dice.choice((0, 1, 3)))]
        for kind in ("users", "groups", "roles")
    }
    counts = (0, 0, 1, 2)
    policies = [of.managed(arn, policy(dice), dice.choice(counts)) for arn in own if dice.random() < 0.8]
    for item in policies:
        if dice.random() < 0.1:
            item["DefaultVersionId"] = dice.choice(("v2", ""))
    pages = [of.details(**lists), of.details(policies=policies, users=lists["users"][:1])]
    answers = [answer for page in pages[: dice.choice((1, 2, 2))] for answer in page.answers]
    if dice.random() < 0.05:
        answers[-1] = Answer("iam:GetAccountAuthorizationDetails", {"IsTruncated": True})
    return Document(AUTHORIZATION_DETAILS, tuple(answers))


def _holder(dice: Random, kind: str, name: str, policies: list[str]) -> Item:
    found = of.holder(kind, name, *dice.sample(policies, dice.choice((0, 0, 1, 2))))
    if kind == "Role":
        found["AssumeRolePolicyDocument"] = policy(dice, resources=False, principals=True)
    if dice.random() < 0.3:
        names = dice.sample(("own", "other", "third"), dice.choice((1, 1, 2)))
        found[f"{kind}PolicyList"] = [{"PolicyName": name, "PolicyDocument": policy(dice)} for name in names]
    if dice.random() < 0.02:
        found["AttachedManagedPolicies"] = dice.choice((["x"], "x", None, [{}]))
    return found


def _certificates(dice: Random, as_of: datetime, *_: Any) -> Document:
    texts = ("", "soon", "2026-11-24", "2026-11-24T10:15:00")
    found = {
        f"c{n}": dice.choice(texts) if dice.random() < 0.2 else moment(dice, as_of) for n in range(dice.choice((0, 3)))
    }
    found |= {"now": as_of.isoformat()} if dice.random() < 0.3 else {}
    return of.certificates(**found)


def _access_keys(dice: Random, as_of: datetime, _: str, report_: Written) -> Document:
    answers = []
    for name, slots in report_.more.items():
        if dice.random() < 0.15:  # nobody listed them
            answers += [Answer("iam:ListAccessKeys", error="NoSuchEntity", parameters={"UserName": name})]
            continue
        made = [*slots[: dice.choice((0, 1, 2))], *(moment(dice, as_of) for _ in range(dice.choice((0, 1, 1, 2, 5))))]
        keys = [_listed_key(dice, at, f"AKIA{number}") for number, at in enumerate(made)]
        pages = [keys[:1], keys[1:]] if dice.random() < 0.2 else [keys]
        answers += [
            Answer("iam:ListAccessKeys", {"AccessKeyMetadata": page}, parameters={"UserName": name}) for page in pages
        ]
    return Document(ACCESS_KEYS, tuple(answers), "" if answers else "nobody has more")


def _listed_key(dice: Random, made: str, key_id: str) -> Item:
    found: Item = {"AccessKeyId": key_id, "Status": dice.choice(("Active", "Active", "Inactive", "Expired", "Odd"))}
    if made not in INSTEAD and dice.random() < 0.95:
        found["CreateDate"] = made
    return found


def _analyzers(dice: Random, *_: Any) -> Document:
    kinds = ("ACCOUNT", "ORGANIZATION", "ACCOUNT_UNUSED_ACCESS", "ACCOUNT DISABLED", "ORGANIZATION CREATING")
    regions = [r for r in ("eu-west-1", "us-east-1", "cn-north-1") if dice.random() < 0.8]
    found = of.analyzers(
        {r: "AccessDenied" if dice.random() < 0.15 else dice.sample(kinds, dice.choice((0, 1, 1, 2))) for r in regions}
    )
    if dice.random() < 0.2 and regions:  # the regions that were asked are those of the settings
        return Document(found.kind, found.answers[1:])
    return found


def _contacts(dice: Random, *_: Any) -> Document:
    security: Item = {name: dice.choice(("", "a@b.c")) for name in ("Name", "EmailAddress") if dice.random() < 0.5}
    found = of.contacts(dice.choice((None, security)), dice.choice((None, {"FullName": "Bob"})))
    if dice.random() < 0.8:
        return found
    return Document(CONTACTS, (Answer("account:GetAlternateContact", error="AccessDenied"), *found.answers[1:]))


def _providers(dice: Random, *_: Any) -> Document:
    return of.providers(*(["arn:aws:iam::000000000007:saml-provider/x"] * dice.choice((0, 1)) for _ in range(2)))


def _instances(dice: Random, *_: Any) -> Document:
    regions: dict[str, Any] = {}
    for region in ("eu-west-1", "us-gov-west-1", "cn-north-1"):
        states = [dice.choice(("running", "running", "stopped")) for _ in range(dice.choice((0, 1, 2)))]
        profiles = ("", "arn:aws:iam::000000000007:instance-profile/x")
        regions[region] = [of.instance(f"i-{n}", dice.choice(profiles), state) for n, state in enumerate(states)]
    return of.instances(regions | ({"us-east-1": "UnauthorizedOperation"} if dice.random() < 0.3 else {}))


OF_ACCOUNTS: Mapping[str, Make] = {
    ACCOUNT_SUMMARY: _summary,
    PASSWORD_POLICY: _password_policy,
    VIRTUAL_MFA_DEVICES: _devices,
    AUTHORIZATION_DETAILS: _details,
    SERVER_CERTIFICATES: _certificates,
    ACCESS_KEYS: _access_keys,
    ACCESS_ANALYZERS: _analyzers,
    CONTACTS: _contacts,
    IDENTITY_PROVIDERS: _providers,
    EC2_INSTANCES: _instances,
    **made_by_kinds(),
}


def of_the_organization(dice: Random, account_ids: list[str]) -> dict[str, Document]:
    content = policy(dice, DELEGATED, resources=False, principals=True)
    tags = [
        Answer(
            "organizations:ListTagsForResource",
            {"Tags": [{"Key": "env", "Value": value}]},
            parameters={"ResourceId": i},
        )
        for i in account_ids
        if (value := dice.choice(("", "prod", "dev")))
    ]
    return {
        ORGANIZATION_FEATURES: of.features(
            *dice.sample(("RootCredentialsManagement", "RootSessions"), dice.choice((0, 1, 2)))
        ),
        RESOURCE_POLICY: of.resource_policy(content if isinstance(content, str) else json.dumps(content)),
        DELEGATED_ADMINISTRATORS: _delegates(dice, account_ids),
        TRUSTED_SERVICES: of.trusted("sso.amazonaws.com"),
        ORGANIZATION_POLICIES: of.organization_policies(
            [{"Id": "p-1", "Name": "FullAWSAccess"}], {"p-1": [{"TargetId": "r-x"}]}
        ),
        IDENTITY_CENTER: of.identity_center(eu_west_1="arn:aws:sso:::instance/x"),
        OU_TREE: of.ou_tree({"r-test": [("ou-1", "Prod")]}, {"ou-1": 2}),
        ACCOUNT_TAGS: Document(ACCOUNT_TAGS, tuple(tags), "" if tags else "no account has tags"),
    }


def _delegates(dice: Random, account_ids: list[str]) -> Document:
    """Some of the accounts, and now and then one that was not listed; of some it is not told what they administer."""
    known = [*account_ids, "000000000998", "000000000999", "123456789012"]
    services = ("guardduty.amazonaws.com", "access-analyzer.amazonaws.com")
    chosen = {i: dice.sample(services, dice.choice((1, 1, 2))) for i in dice.sample(known, dice.choice((0, 1, 1, 2)))}
    found = of.delegates(chosen)
    untold = [a for a in found.answers if dice.random() < 0.95 or not a.parameters]
    return Document(found.kind, tuple(untold))


def stored_as(dice: Random, document: Document) -> Document | bytes:
    """Mostly as it is; else damaged, of another kind, or of a shape that AWS does not give."""
    if dice.random() > 0.06:
        return document
    written = evidence.write(document)
    lines = written.split(b"\n")
    damages: tuple[Callable[[], bytes], ...] = (
        lambda: b"",
        lambda: written[:-3],
        lambda: written.replace(b": ", b":  ", 1),
        lambda: b"\n".join([*lines[:1], b"", *lines[1:]]),
        lambda: evidence.write(Document("other", document.answers, document.omitted)),
        lambda: evidence.write(Document(document.kind)),
        lambda: evidence.write(Document(document.kind, tuple(_odd(a) for a in document.answers), document.omitted)),
        lambda: written.replace(b"{", b'{"twice": 1, "twice": 2, ', 1),
        lambda: b"[" * 100_000,
    )
    return dice.choice(damages)()


def _odd(answer: Answer) -> Answer:
    """Each member a text where an object or a list should be."""
    response = answer.response if answer.response is None else dict.fromkeys(answer.response, "odd")
    return Answer(answer.operation, response, answer.error, answer.message, answer.region, answer.parameters)
