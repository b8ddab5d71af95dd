"""A folder of the user's own: what it adds, replaces and loosens, and for which accounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from auditor.catalog import Catalog, Control, Parameters, config_folder, load_catalog
from auditor.errors import CatalogError
from tests.growth import grows_no_faster_than_its_input

KEYS = "access-key-rotated-90d"
DEV = {"control": KEYS, "parameters": {"max_age_days": 120}, "ou": "Root/Dev", "reason": "they asked"}


@dataclass(frozen=True)
class Somewhere:
    """An account as the catalogue needs to know it."""

    id: str = "000000000007"
    ou_path: str = "Root/Prod/Payments"
    ou_ids: tuple[str, ...] = ("r-abcd", "ou-abcd-prod1234", "ou-abcd-pays1234")
    tags: Mapping[str, str] = field(default_factory=dict)


def own(place: Path, *overrides: Mapping[str, object], controls: Mapping[str, object] | None = None) -> Catalog:
    """The shipped catalogue with a folder over it: entries of parameters.yaml, and changed copies of controls."""
    place.mkdir(exist_ok=True)
    (place / "parameters.yaml").write_text(yaml.safe_dump(list(overrides)), encoding="utf-8")
    if controls:
        (place / "controls").mkdir(exist_ok=True)
        (place / "controls" / "own.yaml").write_text(yaml.safe_dump({"controls": [controls]}), encoding="utf-8")
    return load_catalog(None, place)


def shipped(control_id: str, **changes: object) -> dict[str, object]:
    """A shipped control as YAML would have it, with changes."""
    for file in (config_folder() / "controls").glob("*.yaml"):
        for entry in yaml.safe_load(file.read_bytes())["controls"]:
            if entry["id"] == control_id:
                return dict(entry) | changes
    raise KeyError(control_id)


def age_for(catalog: Catalog, account: Somewhere) -> object:
    selection = catalog.select(["cis-aws-7.0.0"])
    control = next(c for c in selection.controls if c.id == KEYS)
    return selection.parameters_of(control, account)["max_age_days"]


def refusal(place: Path, *overrides: object) -> str:
    with pytest.raises(CatalogError) as caught:
        own(place, *overrides)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert "parameters.yaml" in message
    return message


def override(days: int, **scope: object) -> dict[str, object]:
    return {"control": KEYS, "parameters": {"max_age_days": days}, "reason": "ours", **scope}


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        ({"ou": "Root"}, True),
        ({"ou": "Root/Prod"}, True),
        ({"ou": "Root/Prod/Payments"}, True),
        ({"ou": "Root/Pro"}, False),
        ({"ou": "Root/Prod/Payments/Deeper"}, False),
        ({"ou": "root/prod"}, False),
        ({"ou": "r-abcd"}, True),
        ({"ou": "ou-abcd-prod1234"}, True),
        ({"ou": "ou-abcd-other123"}, False),
        ({"account": "000000000007"}, True),
        ({"account": "000000000070"}, False),
        ({"tag": {"Environment": "prod"}}, True),
        ({"tag": {"Environment": "prod", "Team": "pay"}}, True),
        ({"tag": {"Environment": "prod", "Team": "web"}}, False),
        ({"tag": {"environment": "prod"}}, False),
    ],
)
def test_an_override_holds_for_its_scope_only(tmp_path: Path, scope: dict[str, object], holds: bool) -> None:
    account = Somewhere(tags={"Environment": "prod", "Team": "pay"})
    assert age_for(own(tmp_path, override(30, **scope)), account) == (30 if holds else 90)


def test_the_most_specific_override_has_the_last_word(tmp_path: Path) -> None:
    """Whatever the order of the file: account over tag over inner OU over outer OU."""
    entries = [
        override(10, account="000000000007"),
        override(20, tag={"Environment": "prod"}),
        override(30, ou="Root/Prod/Payments"),
        override(40, ou="ou-abcd-prod1234"),
        override(50, ou="Root"),
    ]
    account = Somewhere(tags={"Environment": "prod"})
    for count, days in ((5, 10), (4, 20), (3, 30), (2, 40), (1, 50)):
        assert age_for(own(tmp_path, *entries[-count:]), account) == days


def test_among_equals_the_later_entry_counts(tmp_path: Path) -> None:
    assert age_for(own(tmp_path, override(30, ou="Root/Prod"), override(31, ou="ou-abcd-prod1234")), Somewhere()) == 31
    assert age_for(own(tmp_path, override(31, ou="ou-abcd-prod1234"), override(30, ou="Root/Prod")), Somewhere()) == 30
    tags = [override(days, tag={"a": "b"}) for days in (60, 61)]
    assert age_for(own(tmp_path, *tags), Somewhere(tags={"a": "b"})) == 61


def test_an_account_outside_any_ou_has_the_controls_own_parameters(tmp_path: Path) -> None:
    assert age_for(own(tmp_path, override(30, ou="Root")), Somewhere(ou_path="", ou_ids=())) == 90


def test_other_controls_keep_their_parameters(tmp_path: Path) -> None:
    selection = own(tmp_path, override(30, ou="Root")).select(["aws-iam-rules"])
    control = selection.controls[0]
    assert selection.parameters_of(control, Somewhere()) == {"max_age_days": 45}


def test_accounts_each_with_an_override_of_its_own_are_not_compared_with_every_override(tmp_path: Path) -> None:
    def work(number: int) -> Callable[[], object]:
        accounts = [f"{place:012d}" for place in range(number)]
        one = own(tmp_path, DEV).overrides[0]
        overrides = tuple(one.model_copy(update={"ou": None, "account": account}) for account in accounts)
        catalog = Catalog.of(whole.controls.values(), whole.benchmarks.values(), (), overrides)
        selection, control = catalog.select(["cis-aws-7.0.0"]), catalog.control(KEYS)
        return lambda: found.extend(selection.parameters_of(control, Somewhere(id=account)) for account in accounts)

    whole, found = load_catalog(), list[Parameters]()
    assert grows_no_faster_than_its_input(work, 1000)
    assert len(found) == 6000
    assert all(parameters == {"max_age_days": 120} for parameters in found)


def test_tags_are_asked_for_only_where_they_count(tmp_path: Path) -> None:
    catalog = own(tmp_path, override(30, tag={"a": "b"}))
    assert catalog.uses_tags
    assert catalog.select(["cis-aws-7.0.0"]).uses_tags
    assert not catalog.select(["aws-iam-rules"]).uses_tags
    assert not own(tmp_path, DEV).uses_tags


def test_a_looser_setting_is_told_and_a_stricter_one_is_not(tmp_path: Path) -> None:
    catalog = own(tmp_path, DEV, override(89, ou="Root/Prod"), override(90, account="000000000007"))
    expected = ("max_age_days 120 instead of 90 for ou Root/Dev: looser than the benchmark allows",)
    assert catalog.looser(KEYS) == expected
    assert catalog.select(["cis-aws-7.0.0"]).looser == {KEYS: expected}
    assert catalog.select(["aws-iam-rules"]).looser == {}


@pytest.mark.parametrize(
    ("control", "parameters", "told"),
    [
        ("password-policy-min-length-14", {"minimum_length": 13}, "minimum_length 13 instead of 14 for account "),
        ("password-policy-min-length-14", {"minimum_length": 15}, ""),
        ("root-use-avoided", {"lookback_days": 89}, "lookback_days 89 instead of 90 for account "),
        ("root-use-avoided", {"lookback_days": 91}, ""),
        ("root-mfa", {"pass_when_root_password_absent": False}, ""),
        ("root-mfa-always", {"pass_when_root_password_absent": True}, "absent true instead of false for account "),
        (
            "cloudshell-full-access-restricted",
            {"policy": "Other"},
            "Other instead of AWSCloudShellFullAccess for account ",
        ),
        ("access-analyzer-all-regions", {"analyzer_types": ["ACCOUNT"]}, "ACCOUNT instead of ACCOUNT and ORGANIZATION"),
    ],
)
def test_each_kind_of_parameter_has_its_guard(
    tmp_path: Path, control: str, parameters: dict[str, object], told: str
) -> None:
    entry = {"control": control, "parameters": parameters, "account": "000000000007", "reason": "ours"}
    found = "; ".join(own(tmp_path, entry).looser(control))
    assert found.endswith(("looser than the benchmark allows", "not what the benchmark says")) == bool(told)
    assert (told in found) if told else (found == "")


def test_a_replaced_control_is_held_against_the_shipped_one(tmp_path: Path) -> None:
    looser = own(tmp_path, controls=shipped(KEYS, parameters={"max_age_days": 365}))
    text = "max_age_days 365 instead of 90 for every account: looser than the benchmark allows"
    assert looser.looser(KEYS) == (text,)
    assert looser.select(["cis-aws-7.0.0"]).looser == {KEYS: (text,)}
    stricter = own(tmp_path, controls=shipped(KEYS, parameters={"max_age_days": 30}))
    assert stricter.looser(KEYS) == ()


def test_a_replacement_cannot_turn_the_guard_off(tmp_path: Path) -> None:
    """It compares in the directions of the shipped control, and tells of another check."""
    entry = shipped(KEYS, parameters={"max_age_days": 365}, stricter={"max_age_days": "more"})
    assert "looser" in own(tmp_path, controls=entry).looser(KEYS)[0]
    entry = shipped(KEYS, check=None, parameters={}, stricter={})
    assert own(tmp_path, controls=entry).looser(KEYS) == (
        "check none instead of key_age for every account: not what the benchmark says",
    )
    entry = shipped(KEYS, by_hand=True, credentials=["access_key_1"])
    all_keys = " and ".join(f"access_key_{number}" for number in range(1, 7))
    assert own(tmp_path, controls=entry).looser(KEYS) == (
        f"credentials access_key_1 instead of {all_keys} for every account: not what the benchmark says",
        "manual instead of decided by its check for every account: looser than the benchmark allows",
    )


def test_an_override_of_a_replaced_control_is_held_against_the_shipped_one(tmp_path: Path) -> None:
    entry = shipped(KEYS, parameters={"max_age_days": 60})
    assert own(tmp_path, override(80, ou="Root"), controls=entry).looser(KEYS) == ()


def test_a_rewritten_benchmark_that_points_elsewhere_is_told(tmp_path: Path) -> None:
    own(tmp_path, controls=shipped(KEYS, id="our-keys", parameters={"max_age_days": 365}))
    text = (config_folder() / "benchmarks" / "cis-aws-7.0.0.yaml").read_text().replace(KEYS, "our-keys")
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "own.yaml").write_text(text)
    assert load_catalog(None, tmp_path).select(["cis-aws-7.0.0"]).looser == {
        "our-keys": ("max_age_days 365 instead of 90 for cis-aws-7.0.0:2.12: looser than the benchmark allows",)
    }


def test_a_rewritten_benchmark_that_leaves_a_requirement_out_is_told(tmp_path: Path) -> None:
    file = config_folder() / "benchmarks" / "aws-iam-rules.yaml"
    entry = yaml.safe_load(file.read_bytes())
    kept = {**entry, "requirements": entry["requirements"][:1]}
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "own.yaml").write_text(yaml.safe_dump(kept))
    catalog = load_catalog(None, tmp_path)
    assert catalog.select(["aws-iam-rules"]).dropped == (
        "aws-iam-rules without access-key-2-rotated-45d (access-key-2-rotated-45d), which the shipped one asks for",
    )
    assert catalog.select(["cis-aws-7.0.0"]).dropped == ()
    assert load_catalog().select(["aws-iam-rules"], requirements=["AWS_IAM_50"]).dropped == ()


def rewritten(place: Path, requirement: str, **changes: object) -> Catalog:
    """The shipped catalogue with a copy of CIS 7.0.0 in which one requirement differs."""
    entry = yaml.safe_load((config_folder() / "benchmarks" / "cis-aws-7.0.0.yaml").read_bytes())
    entry["requirements"] = [r | changes if r["id"] == requirement else r for r in entry["requirements"]]
    (place / "benchmarks").mkdir()
    (place / "benchmarks" / "own.yaml").write_text(yaml.safe_dump(entry))
    return load_catalog(None, place)


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"level": 2}, ["level 2 instead of 1"]),
        ({"level": None}, ["level none instead of 1"]),
        ({"assessment": "manual"}, ["assessment manual instead of automated"]),
        ({"level": 2, "assessment": "manual"}, ["level 2 instead of 1", "assessment manual instead of automated"]),
        ({"level": 1, "assessment": "automated"}, []),
        ({"title": "Keys, the way we say it"}, []),
    ],
)
def test_a_rewritten_benchmark_that_changes_only_a_level_or_a_type_is_told(
    tmp_path: Path, changes: dict[str, object], sentences: list[str]
) -> None:
    catalog = rewritten(tmp_path, "2.12", **changes)
    told = tuple(f"{text} for cis-aws-7.0.0:2.12: not what the benchmark says" for text in sentences)
    assert catalog.looser(KEYS) == told
    assert catalog.select(["cis-aws-7.0.0"]).looser == ({KEYS: told} if told else {})
    assert catalog.select(["cis-aws-6.0.0"]).looser == ({KEYS: told} if told else {}), "the control is the same"


def test_a_level_that_is_lowered_is_told_too(tmp_path: Path) -> None:
    assert rewritten(tmp_path, "2.6", level=1).looser("root-hardware-mfa") == (
        "level 1 instead of 2 for cis-aws-7.0.0:2.6: not what the benchmark says",
    )


@pytest.mark.parametrize(("level", "left_out"), [(None, False), (1, True), (2, False)])
def test_a_requirement_that_its_new_level_takes_out_of_a_run_is_told(
    tmp_path: Path, level: int | None, left_out: bool
) -> None:
    """Its control is not tested then, so nothing about the control could tell."""
    selection = rewritten(tmp_path, "2.12", level=2).select(["cis-aws-7.0.0"], level=level)
    assert (KEYS in selection.requirements) == (not left_out)
    sentence = f"cis-aws-7.0.0 without 2.12 ({KEYS}), which the shipped one asks for at level 1"
    assert selection.dropped == ((sentence,) if left_out else ())
    assert load_catalog().select(["cis-aws-7.0.0"], level=level).dropped == ()


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ({"ou": "Root"}, ""),
        ({"ou": "Root/Prod/Payments"}, ""),
        ({"ou": "ou-abcd-pays1234"}, ""),
        ({"ou": "Root/Prod/Paymets"}, "ou Root/Prod/Paymets match no account (did you mean 'Root/Prod/Payments'?)"),
        ({"ou": "ou-zzzz-zzzz9999"}, "ou ou-zzzz-zzzz9999 match no account"),
        ({"account": "000000000007"}, ""),
        ({"account": "000000000008"}, "account 000000000008 match no account"),
        ({"tag": {"Environment": "prod"}}, ""),
        ({"tag": {"Environment": "Prod"}}, "tag Environment=Prod match no account"),
        ({"tag": {"Environment": "prod", "Team": "x"}}, "tag Environment=prod, Team=x match no account"),
    ],
)
def test_parameters_that_hold_for_no_account_are_told(tmp_path: Path, scope: dict[str, object], told: str) -> None:
    accounts = [Somewhere("000000000001", "Root", ("r-abcd",)), Somewhere(tags={"Environment": "prod"})]
    catalog = own(tmp_path, override(30, **scope), override(40, ou="Root/Prod"))
    selection = catalog.select(["cis-aws-7.0.0"])
    expected = [f"the parameters of {KEYS} for {told}"] if told else []
    assert list(selection.idle_overrides(accounts)) == expected
    unknown = [] if "tag" in scope else expected
    assert list(selection.idle_overrides(accounts, tags_known=False)) == unknown
    assert list(catalog.select(["cis-aws-7.0.0"], requirements=["2.5"]).idle_overrides(accounts)) == []


def test_the_example_of_parameters_is_valid_and_shows_the_guard(tmp_path: Path) -> None:
    text = (config_folder() / "parameters.example.yaml").read_text(encoding="utf-8")
    (tmp_path / "parameters.yaml").write_text(text, encoding="utf-8")
    catalog = load_catalog(None, tmp_path)
    assert {override.scope.partition(" ")[0] for override in catalog.overrides} == {"ou", "tag", "account"}
    assert any(catalog.looser(control_id) for control_id in catalog.controls)
    plain = load_catalog()
    assert not any(plain.looser(control_id) for control_id in catalog.controls), "it is an example only"


def test_a_control_of_ones_own_may_differ_freely(tmp_path: Path) -> None:
    catalog = own(tmp_path, controls=shipped(KEYS, id="our-keys", parameters={"max_age_days": 365}))
    assert catalog.looser("our-keys") == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": "access-key-rotated-90"}, f"which does not exist (did you mean '{KEYS}'?)"),
        ({"parameters": {"max_age": 1}}, "unknown parameter 'max_age' (did you mean 'max_age_days'?)"),
        ({"parameters": {"max_age_days": "1"}}, "max_age_days must be a number, not a text"),
        ({"parameters": {"max_age_days": True}}, "max_age_days must be a number, not the truth value"),
        ({"parameters": {"max_age_days": -1}}, "parameters must not be negative"),
        ({"parameters": {}}, "parameters: "),
        ({"parametres": {}}, "unknown key 'parametres' (did you mean 'parameters'?)"),
        ({"ou": None}, "name one of ou, tag and account, and only one"),
        ({"account": "000000000007"}, "name one of ou, tag and account, and only one"),
        ({"ou": None, "account": "7"}, "account: String should match"),
        ({"ou": None, "account": 123456789012}, "account must be text, not the number 123456789012: put it in quotes"),
        ({"ou": None, "tag": {}}, "tag: "),
        ({"ou": None, "tag": {"Cost": 7}}, "must be text, not the number 7: put it in quotes"),
        ({"ou": "Root/Dev/"}, "ou: String should match"),
        ({"ou": ""}, "ou: String should match"),
        ({"reason": ""}, "reason: String should have at least 1 character"),
        ({"reason": None}, "reason must be text, not nothing"),
    ],
)
def test_a_bad_entry_is_refused_with_its_number(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    found = refusal(tmp_path, override(30, ou="Root"), DEV | changes)
    assert message in found
    assert "entry number 2" in found


@pytest.mark.parametrize(
    ("text", "message"),
    [("control: x", "the file must hold a list, not keys and values"), ("- 7", "entry number 1"), ("- [", "not YAML")],
)
def test_a_parameters_file_of_another_shape_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "parameters.yaml").write_text(text)
    with pytest.raises(CatalogError, match=re.escape(message)):
        load_catalog(None, tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("control/a.yaml", "files with this name are not read (did you mean 'controls'?)"),
        ("parameter.yaml", "files with this name are not read (did you mean 'parameters.yaml'?)"),
        ("parameters.yml", "files with this name are not read (did you mean 'parameters.yaml'?)"),
        ("benchmarks/ours.yml", "only files that end in .yaml are read"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(tmp_path: Path, name: str, message: str) -> None:
    own(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    with pytest.raises(CatalogError, match=re.escape(message)):
        load_catalog(None, tmp_path)


def test_other_files_in_the_folder_are_the_users_business(tmp_path: Path) -> None:
    own(tmp_path)
    for name in ("README.md", "auditor.yaml", "waivers.yaml"):
        (tmp_path / name).write_text("")
    assert load_catalog(None, tmp_path).controls == load_catalog().controls


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": {}, "stricter": {}}, "the check 'key_age' needs the parameter 'max_age_days'"),
        ({"parameters": {"max_age_days": "90"}, "stricter": {}}, "max_age_days must be a number, not a text"),
        ({"parameters": {"max_age_days": 90, "max_age": 1}}, "unknown parameter 'max_age' (did you mean"),
    ],
)
def test_a_check_is_given_the_parameters_it_needs(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(f": control 'our-keys': {message}")):
        own(tmp_path, controls=shipped(KEYS, id="our-keys", **changes))


def test_the_hash_covers_parameters_and_crosswalks(tmp_path: Path) -> None:
    plain = own(tmp_path)
    assert plain.hash == load_catalog().hash
    assert own(tmp_path, DEV).hash != plain.hash
    assert own(tmp_path, DEV).hash == own(tmp_path, DEV).hash
    own(tmp_path)
    (tmp_path / "crosswalks").mkdir()
    crosswalk = {"id": "ours", "title": "O", "version": "1", "publisher": "Us", "mapping": {KEYS: ["7"]}}
    (tmp_path / "crosswalks" / "ours.yaml").write_text(yaml.safe_dump(crosswalk))
    merged = load_catalog(None, tmp_path)
    assert merged.hash != plain.hash
    assert merged.frameworks_of(KEYS)["ours"] == ("7",)
    assert merged.frameworks_of("access-key-1-rotated-30d")["ours"] == ("7",), "related controls share it"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"mapping": {"root-mfaa": ["1"]}},
            "names the control 'root-mfaa', which does not exist (did you mean 'root-mfa'",
        ),
        ({"mapping": {}}, "mapping: "),
        ({"mapping": {KEYS: ["a; b"]}}, "String should match"),
        ({"mapping": {KEYS: [7]}}, "must be text, not the number 7: put it in quotes"),
        ({"maping": {}}, "unknown key 'maping' (did you mean 'mapping'?)"),
        ({"id": "So C"}, "id: String should match"),
        ({"version": 4.0}, "version must be text, not the number 4.0: put it in quotes"),
    ],
)
def test_a_bad_crosswalk_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    (tmp_path / "crosswalks").mkdir()
    good = {"id": "ours", "title": "O", "version": "1", "publisher": "Us", "mapping": {KEYS: ["7"]}}
    (tmp_path / "crosswalks" / "ours.yaml").write_text(yaml.safe_dump(good | changes))
    with pytest.raises(CatalogError, match=re.escape(message)) as caught:
        load_catalog(None, tmp_path)
    assert "ours.yaml:" in str(caught.value)


def test_parameters_are_the_controls_own_object_where_nothing_differs() -> None:
    """Ten thousand accounts and forty controls cost nothing as long as nobody overrides anything."""
    selection = load_catalog().select(["cis-aws-7.0.0"])
    control: Control = selection.controls[0]
    assert selection.parameters_of(control, Somewhere()) is control.parameters
