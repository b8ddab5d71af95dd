"""Root by the report, the account summary and the list of virtual devices, over all that they can say together."""

from __future__ import annotations

from itertools import product

import pytest

from auditor.judge.explanation.judging import facts_of
from auditor.model import ACCOUNT_SUMMARY, VIRTUAL_MFA_DEVICES, Status
from auditor.reperform.plain.rules import RULES
from auditor.store.evidence import Document
from tests.checking import judge, status, table
from tests.documents import GONE, summary, virtual_devices
from tests.support import ACCOUNT, AS_OF, frames_of, gap, only, report, root, user, verdicts_of

PASS, FAIL, OPEN = "PASS", "FAIL", "NO_EVIDENCE"
ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:root"
NOT_HAD = gap(ACCOUNT_SUMMARY, "AccessDenied", "no iam:GetAccountSummary")
Said = bool | None
NO_PASSWORD = "root has no password, so nobody can sign in with a password"
DISAGREE = "the credential report and the account summary disagree"


def flag(value: Said, unknown: str = "N/A") -> str:
    return unknown if value is None else str(value).lower()


def counted(mfa: Said, password: Said) -> dict[str, Document | bytes]:
    """A summary, or none at all."""
    if mfa is None and password is None:
        return {}
    told = {"mfa": mfa, "password": password}
    return {ACCOUNT_SUMMARY: summary(**{name: GONE if said is None else int(said) for name, said in told.items()})}


@pytest.mark.parametrize(
    ("one", "two", "count", "expected"),
    [
        ("false", "false", 0, PASS),
        ("false", "false", 1, FAIL),
        ("false", "false", 2, FAIL),
        ("false", "false", None, OPEN),
        ("true", "false", None, FAIL),
        ("false", "true", None, FAIL),
        ("true", "true", 0, FAIL),
        ("true", "false", 0, FAIL),
        ("FALSE", "TRUE", 1, FAIL),
        ("N/A", "true", 0, FAIL),
        ("N/A", "false", 0, OPEN),
        ("", "", 0, OPEN),
        ("N/A", "false", 1, FAIL),
        ("false", "N/A", None, OPEN),
    ],
)
def test_root_keys(one: str, two: str, count: int | None, expected: str) -> None:
    row = root(access_key_1_active=one, access_key_2_active=two)
    documents = {} if count is None else {ACCOUNT_SUMMARY: summary(keys=count)}
    ((found, observed, reason),) = judge("root-no-access-key", documents, row=row)
    assert found == expected
    assert (DISAGREE in reason) == (expected == FAIL and count == 0)
    if expected != OPEN:
        assert observed.endswith(f"AccountAccessKeysPresent {'unknown' if count is None else count}")


def test_root_keys_without_a_summary_say_why_there_is_none() -> None:
    ((found, _, reason),) = judge("root-no-access-key", gaps=[NOT_HAD])
    assert found == OPEN
    assert reason.startswith("1 unit undecided; line 2: the report shows no active key, but without the account")
    assert reason.endswith("; account-summary: collect: AccessDenied: no iam:GetAccountSummary")


def test_a_summary_that_lacks_the_count_is_none() -> None:
    assert status("root-no-access-key", {ACCOUNT_SUMMARY: summary(keys=GONE)}) == OPEN


EVERYTHING_SAID = list(product((True, False, None), repeat=4))


def worse(report: Said, counted: Said, bad: bool) -> Said:
    """What counts of two sources: the bad one if either says so, one alone where the other is silent."""
    said = {report, counted} - {None}
    return None if not said else bad if bad in said else not bad


def test_root_mfa_over_all_that_report_and_summary_can_say() -> None:
    cells = [{"mfa_active": flag(mfa), "password_enabled": flag(password)} for mfa, password, *_ in EVERYTHING_SAID]
    cases = [(row, counted(*said[2:])) for row, said in zip(cells, EVERYTHING_SAID, strict=True)]
    for said, found in zip(EVERYTHING_SAID, table(["root-mfa", "root-mfa-always"], cases), strict=True):
        mfa, password, counted_mfa, counted_password = said
        guarded, there = worse(mfa, counted_mfa, False), worse(password, counted_password, True)
        strict = PASS if guarded else OPEN if guarded is None else FAIL
        lenient = PASS if guarded or there is False else OPEN if there is None else strict
        assert (found["root-mfa"][0], found["root-mfa-always"][0]) == (lenient, strict), said
        for control, (verdict, observed, reason) in found.items():
            if verdict != OPEN:
                differ = None not in (mfa, counted_mfa) and mfa != counted_mfa
                assert ("mfa_active is" in reason) == differ
                apart = None not in (password, counted_password) and password != counted_password
                asked = control == "root-mfa" and verdict == FAIL
                assert ("password_enabled is" in reason) == (apart and asked)
                assert reason.count(DISAGREE) == differ + (apart and asked)
                assert ("AccountMFAEnabled" in observed) == (said[2:] != (None, None))
                assert f"mfa_active {flag(mfa)}" in observed
        if lenient == PASS and strict != PASS:
            assert found["root-mfa"][2] == f"{NO_PASSWORD}; {why_not(said, guarded)}"


def test_root_without_a_password_passes_and_the_reason_states_that_the_sources_disagree_about_its_mfa() -> None:
    row = root(mfa_active="true", password_enabled="false")
    ((found, observed, reason),) = judge("root-mfa", {ACCOUNT_SUMMARY: summary(mfa=0, password=0)}, row=row)
    assert found == PASS
    assert reason == (
        "root has no password, so nobody can sign in with a password; root counts as without MFA because the "
        "credential report and the account summary disagree about it: mfa_active is true in the credential report made "
        "2026-11-24T10:15:00Z, AccountMFAEnabled is 0 in the summary made 2026-11-24T10:15:00Z"
    )
    assert observed == "password_enabled false, mfa_active true, AccountPasswordPresent 0, AccountMFAEnabled 0"


GOVCLOUD = {
    "root-mfa": ("root_mfa", True),
    "root-mfa-always": ("root_mfa", False),
    "root-hardware-mfa": ("root_hardware_mfa", True),
    "root-hardware-mfa-always": ("root_hardware_mfa", False),
}


@pytest.mark.parametrize("control", GOVCLOUD)
@pytest.mark.parametrize(
    ("partition", "applies"), [("aws", True), ("aws-cn", True), ("aws-us-gov", False), ("aws-us-gov-x", True)]
)
@pytest.mark.parametrize("mfa", ["true", "false", "N/A"])
def test_mfa_of_root_is_not_asked_for_in_the_govcloud_partition(
    control: str, partition: str, applies: bool, mfa: str
) -> None:
    """Whatever the evidence says there, and although some of it is missing."""
    row = root(arn=f"arn:{partition}:iam::{ACCOUNT}:root", mfa_active=mfa)
    found = frames_of({ACCOUNT: report([row])})
    verdicts = verdicts_of(found, only(control))
    counts = verdicts.controls.iloc[0]
    assert counts["not_applicable"] == int(not applies)
    assert len(verdicts.findings) == int(applies)
    check, lenient = GOVCLOUD[control]
    parameters = {"pass_when_root_password_absent": lenient}
    told = RULES[check](facts_of(found.root.iloc[[0]]), parameters, AS_OF)
    assert (told.status == Status.NOT_APPLICABLE) == (not applies)


def test_keys_and_use_of_root_are_judged_in_the_govcloud_partition_too() -> None:
    row = root(arn=f"arn:aws-us-gov:iam::{ACCOUNT}:root", access_key_1_active="true")
    assert status("root-no-access-key", {ACCOUNT_SUMMARY: summary(keys=1)}, row=row) == FAIL


def test_a_password_of_root_that_an_older_report_did_not_tell_is_one() -> None:
    row = root(mfa_active="false", password_enabled="not_supported")
    assert status("root-mfa", row=row) == FAIL
    assert status("root-mfa", {ACCOUNT_SUMMARY: summary(mfa=0, password=0)}, row=row) == FAIL


OWNERS: dict[str, tuple[str, ...] | None] = {
    "root": (ROOT_ARN,),
    "root among others": (f"arn:aws:iam::{ACCOUNT}:user/ann", "", ROOT_ARN),
    "nobody's": ("",),
    "a user's": (f"arn:aws:iam::{ACCOUNT}:user/root",),
    "none": (),
    "unknown": None,
}


PRESENT = "AccountPasswordPresent"
DECIDED = [said for said in EVERYTHING_SAID if said[0] is not None and None not in (said[1], said[3])]


def why_not(said: tuple[Said, ...], guarded: Said, virtual: Said = True) -> str:
    """What is told of an MFA that does not count."""
    if guarded:
        return "root's MFA is a virtual device" if virtual else "whether root's MFA is a virtual device is not known"
    if None not in (said[0], said[2]) and said[0] != said[2]:
        return f"root counts as without MFA because {differing('mfa', said[0], said[2])}"
    return "whether root has MFA is not known" if guarded is None else "root has no MFA"


def differing(about: str, said: Said, counted_said: Said) -> str:
    column, member = {"mfa": ("mfa_active", "AccountMFAEnabled"), "password": ("password_enabled", PRESENT)}[about]
    return (
        f"{DISAGREE} about it: {column} is {flag(said)} in the credential report made 2026-11-24T10:15:00Z, "
        f"{member} is {int(bool(counted_said))} in the summary made 2026-11-24T10:15:00Z"
    )


@pytest.mark.parametrize("owners", OWNERS)
def test_root_hardware_mfa_over_all_that_the_sources_can_say(owners: str) -> None:
    found_devices = OWNERS[owners]
    devices: dict[str, Document | bytes] = (
        {} if found_devices is None else {VIRTUAL_MFA_DEVICES: virtual_devices(*found_devices)}
    )
    virtual = None if found_devices is None else ROOT_ARN in found_devices
    cells = [{"mfa_active": flag(mfa), "password_enabled": flag(password)} for mfa, password, *_ in DECIDED]
    cases = [(row, counted(*said[2:]) | devices) for row, said in zip(cells, DECIDED, strict=True)]
    for said, found in zip(DECIDED, table(["root-hardware-mfa", "root-hardware-mfa-always"], cases), strict=True):
        guarded, there = worse(said[0], said[2], False), worse(said[1], said[3], True)
        strict = FAIL if not guarded or virtual else OPEN if virtual is None else PASS
        lenient = strict if there else PASS
        assert (found["root-hardware-mfa"][0], found["root-hardware-mfa-always"][0]) == (lenient, strict), said
        if strict == FAIL:
            listed = ", though the list of virtual MFA devices shows one of root" if virtual and not guarded else ""
            assert found["root-hardware-mfa-always"][2] == why_not(said, guarded) + listed
        if lenient == PASS and strict != PASS:
            listed = ", though the list of virtual MFA devices shows one of root" if virtual and not guarded else ""
            assert found["root-hardware-mfa"][2] == f"{NO_PASSWORD}; {why_not(said, guarded, virtual)}{listed}"
        if lenient == FAIL and said[1] != said[3]:
            password = f"; root counts as having a password, as {differing('password', said[1], said[3])}"
            assert found["root-hardware-mfa"][2].endswith(password)


def test_no_list_of_devices_was_needed_where_root_has_no_mfa() -> None:
    omitted = Document(VIRTUAL_MFA_DEVICES, (), "the account summary says that root has no MFA")
    documents = {ACCOUNT_SUMMARY: summary(mfa=0), VIRTUAL_MFA_DEVICES: omitted}
    row = root(mfa_active="false")
    assert status("root-hardware-mfa", documents, row=row) == FAIL
    assert status("root-hardware-mfa", documents, row=root()) == FAIL, "the sources disagree: the worse one counts"


def test_the_device_of_root_is_named() -> None:
    documents = {ACCOUNT_SUMMARY: summary(), VIRTUAL_MFA_DEVICES: virtual_devices("", ROOT_ARN)}
    ((_, observed, _),) = judge("root-hardware-mfa", documents)
    assert observed.endswith(f", virtual device of root arn:aws:iam::{ACCOUNT}:mfa/1")


@pytest.mark.parametrize("control", ["root-no-access-key", "root-mfa", "root-hardware-mfa"])
def test_a_report_without_root_leaves_root_open(control: str) -> None:
    documents = {ACCOUNT_SUMMARY: summary(), VIRTUAL_MFA_DEVICES: virtual_devices()}
    ((found, _, reason),) = judge(control, documents, row=user())
    assert (found, reason) == (OPEN, "the report has no root row")
