"""``--redact``: no planted name is left in any derived file, and the key holder gets every one of them back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditor import schema
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.large_tables import TablesInMemory
from auditor.model import ROOT_USER
from auditor.report import FORMATS, write_reports
from auditor.report.redaction import PSEUDONYM, Pseudonyms, fingerprint, redacted, redactor_of
from auditor.report.redaction.tables import _Tables
from tests.planted import PLANTED, USERS, every_text, planted, planted_waivers
from tests.support import catalog

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("planted")
    benchmarks = list(catalog().benchmarks)
    return assess(planted(folder), benchmarks, catalog=catalog(), waivers=planted_waivers(folder))


@pytest.fixture(scope="module")
def hidden(plain: Assessment) -> Assessment:
    return redacted(plain, KEY)


def found_in(content: bytes) -> set[str]:
    """The planted texts that a file holds, as they are or as JSON and XML spell them."""
    return {text for text in PLANTED if text.encode() in content}


def test_no_planted_name_is_in_any_file(plain: Assessment, hidden: Assessment, tmp_path: Path) -> None:
    write_reports(plain, tmp_path / "plain", list(FORMATS))
    write_reports(hidden, tmp_path / "hidden", list(FORMATS))
    assert found_in(every_text(tmp_path / "plain")) == set(PLANTED), "a name that is nowhere proves nothing"
    assert found_in(every_text(tmp_path / "hidden")) == set()
    assert PSEUDONYM.search(every_text(tmp_path / "hidden").decode(errors="replace"))


def texts_of(assessment: Assessment) -> dict[str, str]:
    """All texts of every field, categories that no row uses included."""
    found = {}
    for field in dataclasses.fields(assessment):
        value = getattr(assessment, field.name)
        value = value.frames if isinstance(value, TablesInMemory) else value
        frames = value if isinstance(value, Mapping) else {"": value}
        parts = [repr(value)] if not isinstance(value, pd.DataFrame) else []
        for frame in frames.values():
            if isinstance(frame, pd.DataFrame):
                columns = [frame[name] for name in frame]
                parts += [str(c.cat.categories.to_list() if hasattr(c, "cat") else c.to_list()) for c in columns]
        found[field.name] = " ".join(parts)
    return found


def test_no_field_of_an_assessment_holds_a_planted_name_not_even_in_a_category(hidden: Assessment) -> None:
    assert {name: found_in(text.encode()) for name, text in texts_of(hidden).items() if found_in(text.encode())} == {}


def test_every_field_of_an_assessment_is_thought_of(hidden: Assessment) -> None:
    without_names = {"snapshot_id", "organization_id", "as_of", "started_at", "finished_at", "interrupted", "run"}
    without_names |= {"tool_version", "manifest_sha256", "catalog_hash", "options", "benchmarks", "catalog_controls"}
    without_names |= {
        "dropped",
        "waivers_sha256",
        "redacted_with",
        "period",
        "out_of_period",
        "signature",
        "own_parameters",
        "first_seen",
        "part",
        "earlier_snapshots",
    }
    replaced = {"idle_overrides", "caller_arn", "settings", "originals", "large", "tags"}
    tables = {name for name in texts_of(hidden) if isinstance(getattr(hidden, name), pd.DataFrame)}
    assert {field.name for field in dataclasses.fields(hidden)} == without_names | replaced | tables


def test_redacting_changes_names_and_nothing_else(plain: Assessment, hidden: Assessment) -> None:
    for name in ("accounts", "users", "credentials", "findings", "controls", "gaps", "waivers", "by_account"):
        before, after = getattr(plain, name), getattr(hidden, name)
        assert list(after) == list(before)
        assert after.dtypes.astype("str").to_list() == before.dtypes.astype("str").to_list()
        same = [
            c for c in before if c in ("account_id", "control_id", "status", "evidence_file", "evidence_line", "state")
        ]
        pd.testing.assert_frame_equal(after[same], before[same])
        assert (after.isna() == before.isna()).to_numpy().all()
    assert (hidden.users["user"] == ROOT_USER).to_list() == plain.users["is_root"].to_list()
    assert hidden.findings["resource_name"].nunique() == plain.findings["resource_name"].nunique()


def test_one_name_has_one_pseudonym_in_every_table(hidden: Assessment) -> None:
    pseudonym = Pseudonyms(KEY).of(USERS[0])
    assert pseudonym in set(hidden.users["user"])
    assert pseudonym in set(hidden.findings["resource_name"])
    assert hidden.findings["resource_arn"].astype("str").str.endswith(f":user/{pseudonym}").any()
    assert hidden.waivers["scope"].str.contains(pseudonym).any()
    assert hidden.gaps["message"].str.contains(pseudonym).any()
    assert hidden.findings["observed"].str.contains(pseudonym).any()


def test_pseudonyms_stay_the_same_across_quarters_with_the_same_key(tmp_path: Path, hidden: Assessment) -> None:
    later = assess(planted(tmp_path), catalog=catalog())
    assert set(redacted(later, KEY).users["user"]) == set(hidden.users["user"])
    assert set(redacted(later, KEY[::-1]).users["user"]) & set(hidden.users["user"]) == {ROOT_USER}


def test_a_contact_is_hidden_whole_and_alike(hidden: Assessment) -> None:
    contacts = hidden.evidence["contacts"]
    observed = set(hidden.findings["observed"])
    assert contacts["security_contact"].iloc[0] in observed
    assert f"on file: {contacts['primary_contact'].iloc[0]}" in observed
    assert contacts["security_contact"].iloc[0].startswith("contact-")


def test_the_summary_names_the_key_by_its_fingerprint(plain: Assessment, hidden: Assessment, tmp_path: Path) -> None:
    for assessment, told in ((plain, None), (hidden, fingerprint(KEY))):
        path = write_reports(assessment, tmp_path, []).files[-1]
        assert json.loads(path.read_text())["derived_from"]["redacted_with"] == told
    content = every_text(tmp_path)
    assert KEY not in content
    assert KEY.hex().encode() not in content


def test_raw_lines_of_a_credential_report_are_redacted_by_their_columns(plain: Assessment) -> None:
    redactor = redactor_of(plain, Pseudonyms(KEY))
    arns = pd.Series([f"arn:aws:iam::000000000007:user/staff/{name}" for name in USERS], dtype="str")
    raw = pd.DataFrame({"user": pd.Series(USERS, dtype="str"), "arn": arns, "mfa_active": "TRUE", "note": arns})
    found = _Tables(redactor).frame(raw)
    pseudonyms = [Pseudonyms(KEY).of(name) for name in USERS]
    assert found["user"].to_list() == pseudonyms
    assert found["arn"].to_list() == [f"arn:aws:iam::000000000007:user/staff/{name}" for name in pseudonyms]
    assert found["note"].to_list() == found["arn"].to_list()
    assert found["mfa_active"].to_list() == ["TRUE"] * len(USERS)
    assert _Tables(redactor).frame(raw.astype("category")).astype("str").equals(found)


def test_every_pseudonym_is_known_to_the_redactor_that_made_it(plain: Assessment) -> None:
    redactor = redactor_of(plain, Pseudonyms(KEY))
    hidden = redacted(plain, KEY, redactor)
    used = {found for text in texts_of(hidden).values() for found in PSEUDONYM.findall(text)}
    assert used
    assert used <= set(redactor.pseudonyms.known)
    assert set(USERS) <= set(redactor.pseudonyms.known.values())


def test_two_names_of_one_pseudonym_would_still_be_a_valid_category(
    plain: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pseudonyms, "_new_pseudonym", lambda *_: "user-" + "a" * 16)
    users = redacted(plain, KEY).users
    assert set(users["user"].cat.categories) == {ROOT_USER, "user-" + "a" * 16}
    assert (users["is_root"].to_numpy(dtype=bool) == (users["user"] == ROOT_USER).to_numpy()).all()


def test_no_rows_can_be_redacted(plain: Assessment) -> None:
    large = {name: plain.large.frame(name) for name in plain.large.names}
    large |= {name: large[name].iloc[:0] for name in ("users", "findings")}
    empty = dataclasses.replace(plain, accounts=plain.accounts.iloc[:0], large=TablesInMemory(large))
    assert len(redacted(empty, KEY).findings) == 0
    frame = schema.typed(pd.DataFrame(columns=list(schema.USERS)), schema.USERS)
    assert len(_Tables(redactor_of(plain, Pseudonyms(KEY))).frame(frame)) == 0
    missing = pd.DataFrame({"user": pd.Categorical([np.nan, "ann"], categories=pd.Index(["ann"], dtype="str"))})
    assert _Tables(redactor_of(plain, Pseudonyms(KEY))).frame(missing)["user"].isna().to_list() == [True, False]
