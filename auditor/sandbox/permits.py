"""Who may do what in an account: groups, roles and policies, and the users of its report among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random

from auditor.sandbox.evidence import pick
from auditor.sandbox.facts import User
from auditor.sandbox.permissions import BoxedGroup, BoxedRole, BoxedUser, Grants, ManagedPolicy, Permissions
from auditor.sandbox.policies import (
    ADMINISTRATOR,
    ATTACHED_TO_NOBODY,
    CLOUD_SHELL,
    CUSTOMER,
    INLINE,
    ONLY_A_BOUNDARY,
    ORDINARY,
    PLAIN,
    POWER_USER,
    READ_ONLY,
    SECURITY_AUDIT,
    SUPPORT,
    TRUSTS,
    document,
    service_trust,
    trust,
)

GROUPS = ("developers", "operators", "auditors", "nobody-in-it")
# To whom the AWS managed policies that have a control of their own are attached.
SUPPORTERS = ("role", "role", "user", "nobody", "group")
SHELL_USERS = ("nobody", "nobody", "group", "user", "role")
ADMINISTRATORS = ("nobody", "group", "nobody", "role", "user", "listed")
_TARGETS = ("group", "role", "user")
_SPECIALS_PER_ACCOUNT = 2
_INLINE_EVERY = 4
# Out of 20 users, so many have an inline policy, an attached one, both, and no permission at all.
_WAYS = ("inline", "attached", "both", "nothing", *("group",) * 16)


class Draft:
    """One account's permissions while they are dealt out; ``rng`` is the account's own."""

    def __init__(self, rng: Random, rank: int, users: tuple[User, ...]) -> None:
        self._rng, self._rank, self._users = rng, rank, users
        self._attached: defaultdict[tuple[str, str], list[ManagedPolicy]] = defaultdict(list)
        self._unattached: list[ManagedPolicy] = []
        self._boundary: ManagedPolicy | None = None

    def finish(self, role: str, trusted: str, providers: tuple[str, ...]) -> Permissions:
        """``role`` is the auditor's, empty for none, which trusts the ARN ``trusted``; others trust ``providers``."""
        roles = [*self._own_roles(role, trusted), *self._federated(providers)]
        self._deal_known()
        self._deal_customer()
        users = tuple(self._user(user) for user in self._users)
        groups = tuple(BoxedGroup(name, self._grants("group", name, self._inline_of("group", name))) for name in GROUPS)
        done = tuple(self._role(found) for found in roles)
        return Permissions(users, groups, done, self._policies())

    def _own_roles(self, role: str, trusted: str) -> Iterator[BoxedRole]:
        if role:
            yield BoxedRole(role, document(trust({"AWS": trusted})))
            self._attach(SECURITY_AUDIT, "role", role)
        support = service_trust("support.amazonaws.com")
        yield BoxedRole("AWSServiceRoleForSupport", support, path="/aws-service-role/support.amazonaws.com/")
        yield BoxedRole("app-server", service_trust("ec2.amazonaws.com"), has_profile=True)
        yield BoxedRole("helpdesk", document(trust({"AWS": trusted})), path="/people/")
        special = pick((None, *TRUSTS), self._rank, 1)
        if special:
            yield BoxedRole(*special)

    def _federated(self, providers: tuple[str, ...]) -> Iterator[BoxedRole]:
        for number, arn in enumerate(providers, 1):
            if ":saml-provider/" in arn:
                audience = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
                text = document(trust({"Federated": arn}, Action="sts:AssumeRoleWithSAML", Condition=audience))
                yield BoxedRole(f"federated-{number}", text)
            else:
                audience = {"StringEquals": {f"{arn.partition('/')[2]}:aud": "sts.amazonaws.com"}}
                text = document(trust({"Federated": arn}, Action="sts:AssumeRoleWithWebIdentity", Condition=audience))
                yield BoxedRole(f"deploy-{number}", text, path="/ci/")

    def _deal_known(self) -> None:
        self._attach(READ_ONLY, "group", "auditors")
        self._attach(POWER_USER, "group", "developers")
        self._attach(PLAIN, "role", "app-server")
        places = (
            (SUPPORT, pick(SUPPORTERS, self._rank)),
            (CLOUD_SHELL, pick(SHELL_USERS, self._rank, 1)),
            (ADMINISTRATOR, pick(ADMINISTRATORS, self._rank)),
        )
        for policy, place in places:
            if place == "listed":
                self._unattached.append(policy)
            elif place != "nobody":
                self._attach(policy, place)

    def _deal_customer(self) -> None:
        for number in range(_SPECIALS_PER_ACCOUNT):
            turn = self._rank * _SPECIALS_PER_ACCOUNT + number
            policy = pick((PLAIN, *CUSTOMER), self._rank) if self._rank >= len(CUSTOMER) * 2 else _share(turn)
            if policy.name in (ATTACHED_TO_NOBODY, ONLY_A_BOUNDARY):
                self._unattached.append(policy)
                self._boundary = policy if policy.name == ONLY_A_BOUNDARY else self._boundary
            elif policy is not PLAIN:
                self._attach(policy, _TARGETS[turn % len(_TARGETS)])

    def _attach(self, policy: ManagedPolicy, kind: str, name: str = "") -> None:
        """Without a name, to the one of its kind that takes such things; to a role where there is no user."""
        if kind == "user" and not self._users:
            kind = "role"
        usual = {"group": "operators", "role": "helpdesk", "user": self._users[-1].name if self._users else ""}
        taken = self._attached[kind, name or usual[kind]]
        if policy not in taken:
            taken.append(policy)

    def _user(self, user: User) -> BoxedUser:
        way = self._rng.choice(_WAYS)
        if way in ("attached", "both"):
            self._attach(READ_ONLY, "user", user.name)
        inline: tuple[tuple[str, str], ...] = (("inline", ORDINARY),) if way in ("inline", "both") else ()
        if user is self._users[-1]:
            inline += self._special_inline("user")
        groups = tuple(self._rng.sample(GROUPS[:3], self._rng.randint(1, 2))) if way != "nothing" else ()
        return BoxedUser(user, groups, self._grants("user", user.name, inline))

    def _role(self, role: BoxedRole) -> BoxedRole:
        inline = (("logs", ORDINARY),) if role.name == "app-server" else self._inline_of("role", role.name)
        grants = self._grants("role", role.name, inline)
        if role.name == "helpdesk":
            grants = Grants(grants.attached, inline, self._boundary)
        return BoxedRole(role.name, role.trust, role.trusts_all, role.path, grants, role.has_profile)

    def _inline_of(self, kind: str, name: str) -> tuple[tuple[str, str], ...]:
        return self._special_inline(kind) if name in ("operators", "helpdesk") else ()

    def _special_inline(self, kind: str) -> tuple[tuple[str, str], ...]:
        """One in four accounts has an inline policy of a special kind, on a group, a role or a user in turn."""
        turn, rest = divmod(self._rank, _INLINE_EVERY)
        if rest != _INLINE_EVERY - 1 or _TARGETS[turn % len(_TARGETS)] != kind:
            return ()
        name, text, _, _ = INLINE[turn % len(INLINE)]
        return ((name, text),)

    def _grants(self, kind: str, name: str, inline: tuple[tuple[str, str], ...] = ()) -> Grants:
        return Grants(tuple(self._attached.get((kind, name), ())), inline)

    def _policies(self) -> tuple[ManagedPolicy, ...]:
        listed = {policy.name: policy for group in self._attached.values() for policy in group}
        listed |= {policy.name: policy for policy in self._unattached if policy.name not in listed}
        return tuple(sorted(listed.values(), key=lambda policy: policy.name))


def _share(turn: int) -> ManagedPolicy:
    return CUSTOMER[turn % len(CUSTOMER)]
