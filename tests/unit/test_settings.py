"""Settings: defaults, file and options, and one sentence for whatever may not be there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ConfigurationError
from auditor.model import DEFAULT_BENCHMARKS, Severity
from auditor.settings import Settings, load_settings

OU, ACCOUNT = "ou-abcd-12345678", "012345678901"


def from_text(folder: Path, text: str) -> Settings:
    file = folder / "some.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


def complaint(folder: Path, text: str) -> str:
    """What is said of a file, without its name and the line."""
    with pytest.raises(ConfigurationError) as caught:
        from_text(folder, text)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in message
    found = re.match(rf"{re.escape(str(folder / 'some.yaml'))}:\d+: ", message)
    assert found, message
    return message[found.end() :]


def option_complaint(**options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, options, read_file=False)
    return str(caught.value)


def test_defaults() -> None:
    settings = load_settings(read_file=False)
    assert settings == load_settings(None, {}, read_file=False)
    assert settings.role == "OrganizationAccountAccessRole"
    assert settings.benchmark == DEFAULT_BENCHMARKS
    assert settings.format == ("xlsx", "csv")
    assert (settings.out, settings.as_of, settings.fail_on) == (Path("reports"), None, None)
    assert (settings.ou, settings.account, settings.exclude) == ((), (), ())


def test_what_narrows_a_selection_may_stand_alone_or_in_a_list(tmp_path: Path) -> None:
    settings = from_text(
        tmp_path, 'level: 1\nsection: Organizations\nrequirement: ["2.10", "root-mfa"]\nconfig_dir: ours'
    )
    assert (settings.level, settings.section, settings.requirement) == (1, ("Organizations",), ("2.10", "root-mfa"))
    assert settings.config_dir == Path("ours"), "of the folder one runs in, as out and accounts_file are"
    assert load_settings(None, settings.model_dump(mode="json"), read_file=False) == settings, "as --resume reads it"


def test_the_example_file_is_valid() -> None:
    load_settings(Path(__file__).parents[2] / "config" / "auditor.example.yaml")


def test_the_file_of_the_working_folder_is_read_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().concurrency == Settings().concurrency
    Path("auditor.yaml").write_text("concurrency: 7\n")
    assert load_settings().concurrency == 7
    assert load_settings(read_file=False).concurrency == Settings().concurrency
    Path("other.yaml").write_text("role: Auditor\n")
    other = load_settings(Path("other.yaml"))
    assert (other.role, other.concurrency) == ("Auditor", Settings().concurrency)


def test_options_replace_the_file_key_by_key(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(f"concurrency: 7\nrole: Auditor\nou: [{OU}]\n")
    settings = load_settings(file, {"concurrency": 9, "ou": ("r-abcd",)})
    assert (settings.concurrency, settings.role, settings.ou) == (9, "Auditor", ("r-abcd",))


def test_a_file_that_is_wrong_is_refused_even_where_an_option_replaces_it(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("concurrency: many\n")
    with pytest.raises(ConfigurationError, match=r"some\.yaml:1: concurrency: "):
        load_settings(file, {"concurrency": 9})


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file_sets_nothing(tmp_path: Path, text: str) -> None:
    assert from_text(tmp_path, text) == load_settings(read_file=False)


def test_one_value_may_stand_without_a_list(tmp_path: Path) -> None:
    settings = from_text(tmp_path, f"ou: {OU}\naccount: '{ACCOUNT}'\nformat: json\nbenchmark: cis-aws-5.0.0\n")
    assert (settings.ou, settings.account) == ((OU,), (ACCOUNT,))
    assert (settings.format, settings.benchmark) == (("json",), ("cis-aws-5.0.0",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("concurency: 3", "unknown key 'concurency' (did you mean 'concurrency'?)"),
        ("asof: 2026-01-01", "unknown key 'asof' (did you mean 'as_of'?)"),
        ("fail-on: high", "unknown key 'fail-on' (did you mean 'fail_on'?)"),
        ("qqq: 3", "unknown key 'qqq'"),
        ("level: 0", "level: Input should be greater than or equal to 1"),
        ("level: yes", "level: Input should be a valid integer"),
        ("requirement: [2.10]", "requirement must be text, not 2.1: put it in quotes"),
        ("section: 2", "section must be text, not 2: put it in quotes"),
        ("config_dir: [a, b]", "config_dir: Input is not a valid path"),
        ("fail_on: hihg", "fail_on: unknown value 'hihg' (did you mean 'high'?); known: low, medium, high, critical"),
        ("format: xslx", "format: unknown value 'xslx' (did you mean 'xlsx'?); known: xlsx, csv, json"),
        ("format: [csv, pdf]", "format: unknown value 'pdf'; known: xlsx, csv, json"),
        ("account: [123456789012]", "account must be text, not 123456789012: put it in quotes"),
        ("exclude: [123456789012]", "exclude must be text, not 123456789012: put it in quotes"),
        ("account: ['12345678901']", "account: '12345678901' is not an account id (12 digits)"),
        ("account: ['1234567890123']", "account: '1234567890123' is not an account id (12 digits)"),
        ("account: ' 12345678901'", "account: ' 12345678901' is not an account id (12 digits)"),
        ("account: prod", "account: 'prod' is not an account id (12 digits)"),
        (f"account: {OU}", f"account: '{OU}' is not an account id (12 digits)"),
        ("exclude: prod", "exclude: 'prod' is neither an account id (12 digits) nor an OU id (ou-abcd-12345678)"),
        (
            "ou: Root/Prod",
            "ou: 'Root/Prod' is not the id of an organizational unit (ou-abcd-12345678) or root (r-abcd)",
        ),
        ("role: arn:aws:iam::123456789012:role/x", "(give the name, not the ARN)"),
        ("role: ''", "role: '' is not the name of a role"),
        ("role: 7", "role must be text, not 7: put it in quotes"),
        ("session_name: a b", "session_name: 'a b' is not a session name"),
        ("session_duration: 899", "session_duration: "),
        ("session_duration: 43201", "session_duration: "),
        ("concurrency: 0", "concurrency: "),
        ("concurrency: many", "concurrency: "),
        ("report_timeout: 0", "report_timeout: "),
        ("quiet: perhaps", "quiet: "),
        ("as_of: yesterday", "as_of: 'yesterday' is not a time like 2026-09-30T00:00:00Z"),
        ("as_of: '2026-02-30'", "as_of: '2026-02-30' is not a time like"),
        (
            "as_of: 2026-09-30T10:00:00",
            "as_of: 2026-09-30T10:00:00 has no time zone; write 2026-09-30T10:00:00Z for UTC",
        ),
        ("as_of: '2026-09-30 10:00'", "as_of: 2026-09-30T10:00:00 has no time zone"),
        ("- role", "the file must hold keys and values"),
        ("role", "the file must hold keys and values"),
        ("role: [", "not YAML: "),
        ("role: !!python/object:os.system x", "not YAML: could not determine"),
        ("role: x\nas_of: 2026-02-30", "not YAML: "),
        (f"accounts_file: a.csv\nou: {OU}", "OUs cannot be looked up with accounts_file"),
        (f"accounts_file: a.csv\nexclude: {OU}", "OUs cannot be looked up with accounts_file"),
    ],
)
def test_each_mistake_gets_its_sentence(tmp_path: Path, text: str, message: str) -> None:
    assert message in complaint(tmp_path, text)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_bytes(b"role: \xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="not YAML"):
        load_settings(file)


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: cannot be read: ")


@pytest.mark.parametrize("key", ["account", "exclude"])
def test_a_single_account_id_without_quotes_is_told_of_them(tmp_path: Path, key: str) -> None:
    assert complaint(tmp_path, f"{key}: 123456789012") == f"{key} must be text, not 123456789012: put it in quotes"


@pytest.mark.parametrize("text", ["as_of: 20260930", "as_of: 2026", "as_of: 1.5", "as_of: true"])
def test_a_number_is_no_time(tmp_path: Path, text: str) -> None:
    assert complaint(tmp_path, text).endswith(" is not a time like 2026-09-30T00:00:00Z")


def test_digits_of_other_scripts_make_no_account_id() -> None:
    assert option_complaint(account="٠١٢٣٤٥٦٧٨٩٠١").endswith("is not an account id (12 digits)")


def test_leading_zeros_survive_without_quotes_where_yaml_lets_them(tmp_path: Path) -> None:
    assert from_text(tmp_path, "account: [012345678901]").account == (ACCOUNT,)
    # All digits below 8: YAML 1.1 reads an octal number.
    assert "must be text" in complaint(tmp_path, "account: [012345670123]")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-30", datetime(2026, 9, 30, tzinfo=UTC)),
        ("'2026-09-30'", datetime(2026, 9, 30, tzinfo=UTC)),
        ("2026-09-30T10:15:00Z", datetime(2026, 9, 30, 10, 15, tzinfo=UTC)),
        ("'2026-09-30T10:15:00Z'", datetime(2026, 9, 30, 10, 15, tzinfo=UTC)),
        ("'2026-09-30 10:15:00+00:00'", datetime(2026, 9, 30, 10, 15, tzinfo=UTC)),
        ("2026-09-30T10:15:00+02:00", datetime(2026, 9, 30, 8, 15, tzinfo=UTC)),
        ("'2026-09-30T00:15:00+02:00'", datetime(2026, 9, 29, 22, 15, tzinfo=UTC)),
    ],
)
def test_as_of_is_utc_in_every_form(tmp_path: Path, text: str, moment: datetime) -> None:
    found = from_text(tmp_path, f"as_of: {text}\n").as_of
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


def test_a_mistake_in_an_option_names_the_option() -> None:
    assert option_complaint(fail_on="hihg").startswith("--fail-on: unknown value 'hihg' (did you mean 'high'?)")
    assert option_complaint(as_of="soon").startswith("--as-of: 'soon' is not a time")
    assert option_complaint(account=["1"]).startswith("--account: '1' is not an account id")
    assert option_complaint(session_name=7).startswith("--session-name must be text, not 7")


def test_an_option_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(f"ou: {OU}\n")
    with pytest.raises(ConfigurationError, match="OUs cannot be looked up with accounts_file"):
        load_settings(file, {"accounts_file": "a.csv"})


@pytest.mark.parametrize("role", ["Auditor", "team/Auditor", "/team/Auditor", "a+b=c,d.e@f-g_h"])
def test_a_role_may_have_a_path(role: str) -> None:
    assert load_settings(None, {"role": role}, read_file=False).role == role.removeprefix("/")


@pytest.mark.parametrize("ou", ["r-abcd", "ou-abcd-12345678", "ou-0a1b-" + "z" * 32])
def test_ids_of_roots_and_units(ou: str) -> None:
    assert load_settings(None, {"ou": ou, "exclude": ou}, read_file=False).ou == (ou,)


@pytest.mark.parametrize("ou", ["r-abc", "R-ABCD", "ou-abcd", "ou-abcd-1234567", "ou-abcd-1234567A", "r-abcd\n"])
def test_what_only_looks_like_one(ou: str) -> None:
    assert repr(ou) in option_complaint(ou=ou)


def test_settings_are_frozen_and_severities_words() -> None:
    settings = load_settings(None, {"fail_on": "high"}, read_file=False)
    assert settings.fail_on is Severity.HIGH
    with pytest.raises(ValueError, match="frozen"):
        settings.role = "x"


@pytest.mark.parametrize("external_id", ["x" * 2, "x" * 1224, "a+b=c,d.e@f:g/h-i_j", ""])
def test_external_ids_as_sts_takes_them(external_id: str) -> None:
    assert load_settings(None, {"external_id": external_id}, read_file=False).external_id == external_id


@pytest.mark.parametrize("external_id", ["\x07", "q" * 1225, "a secret word", "sécret"])
def test_an_external_id_that_sts_would_refuse_is_not_repeated(external_id: str) -> None:
    told = option_complaint(external_id=external_id)
    assert told.startswith("--external-id: not an external id as STS takes it")
    assert external_id not in told.replace("--external-id", "")


def test_an_external_id_that_is_no_text_is_not_repeated(tmp_path: Path) -> None:
    assert complaint(tmp_path, "external_id: 7700770077") == "external_id must be text: put it in quotes"


@pytest.mark.parametrize(("given", "delimiter"), [(",", ","), (";", ";"), ("|", "|"), ("tab", "\t"), ("\t", "\t")])
def test_a_csv_delimiter_is_one_of_four(given: str, delimiter: str) -> None:
    assert load_settings(None, {"csv_delimiter": given}, read_file=False).csv_delimiter == delimiter


@pytest.mark.parametrize("given", ["", ":", ",,", "TAB", "comma", "\n", '"'])
def test_other_csv_delimiters_are_refused(given: str) -> None:
    assert option_complaint(csv_delimiter=given) == (
        f"--csv-delimiter: {given!r} is not a delimiter of CSV files; known: , ; | and tab"
    )


def test_the_workbook_prints_on_a4_or_letter() -> None:
    assert load_settings(None, {}, read_file=False).paper == "a4"
    assert load_settings(None, {"paper": "letter"}, read_file=False).paper == "letter"
    assert option_complaint(paper="leter") == (
        "--paper: unknown value 'leter' (did you mean 'letter'?); known: a4, letter"
    )
