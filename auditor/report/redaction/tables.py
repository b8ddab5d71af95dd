"""Pseudonyms in all tables of an assessment: each distinct text is looked at once, however many rows hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor import schema
from auditor.judge.assessment import Assessment
from auditor.judge.finding_ids import finding_ids
from auditor.judge.large_tables import TablesInMemory
from auditor.kinds.credential_report import report_parser
from auditor.model import CONTACTS
from auditor.report.redaction.key import fingerprint
from auditor.report.redaction.pseudonyms import Pseudonyms
from auditor.report.redaction.texts import Redactor

Rule: TypeAlias = Callable[[Redactor, str], str]
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|\+00:00)"
# Ids, words and times of AWS and of this program, and texts of the catalogue.
_KEPT = frozenset(
    (
        *(
            "account_id",
            "snapshot_id",
            "as_of",
            "control_id",
            "severity",
            "status",
            "credential",
            "state",
            "outcome",
            "step",
        ),
        *("requirements", "requirement", "title", "unit", "assessment", "frameworks", "created", "expires"),
        *("evidence_file", "evidence_sha256", "request_id", "also_seen_in", "finding_id", "evidence", "stage", "code"),
        "remark",
        *("gap_evidence", "gap_stage", "gap_code", "region", "regions", "unanswered", "analyzers"),
        *("organization_regions", "organization_unknown", "default_version", "attached_to"),
        *(column for column in (*report_parser.COLUMNS, *schema.CREDENTIALS) if column not in ("user", "arn")),
    )
) - {"account_name", "ou_path", "additional_credentials_info"}
_RULES: Mapping[str, Rule] = {
    "user": Redactor.name,
    "resource_name": Redactor.name,
    "user_name": Redactor.name,
    "arn": Redactor.arn,
    "resource_arn": Redactor.arn,
    "instance_profile": Redactor.arn,
    "email": Redactor.mail,
    "account_name": Redactor.title,
    "ou_path": Redactor.title,
    "waiver_id": Redactor.title,
    "ticket": Redactor.title,
    "scope": Redactor.scope,
    "security_contact": Redactor.contact,
    "primary_contact": Redactor.contact,
}
_PRIVATE = ("profile", "session_name", "out", "config_dir", "waivers", "redact")
_USERS_TABLES = ("user_permissions",)


def redactor_of(assessment: Assessment, pseudonyms: Pseudonyms) -> Redactor:
    """Knows the names of all users that the assessment's tables tell of."""
    evidence = assessment.evidence
    frames = [assessment.users, assessment.remarks, *(evidence[n] for n in _USERS_TABLES if n in evidence)]
    names = {str(name) for frame in frames for name in frame["user"].dropna().unique()}
    owned = (str(name).partition("/") for frame in evidence.values() for name in frame["user"].dropna().unique())
    return Redactor(pseudonyms, names | {user for user, slash, _ in owned if slash})


def redacted(assessment: Assessment, key: bytes, redactor: Redactor | None = None) -> Assessment:
    """The assessment with pseudonyms under ``key`` in all tables; ``auditor.report.redaction`` says for what.

    ``redactor``, where one is given, must be of the same key; its pseudonyms then know whom they stand for.
    """
    redactor = redactor or redactor_of(assessment, Pseudonyms(key))
    tables = _Tables(redactor)
    changes: dict[str, Any] = {}
    for field in fields(assessment):
        value = getattr(assessment, field.name)
        if isinstance(value, pd.DataFrame):
            changes[field.name] = tables.frame(value)
    large = {name: tables.frame(assessment.large.frame(name)) for name in assessment.large.names}
    findings = tables.with_contacts(large["findings"], assessment)
    # Ids of what stands in the redacted rows: those of the names would tell whoever guesses a name that it is right.
    large["findings"] = findings.assign(finding_id=finding_ids(findings, assessment.organization_id))
    changes["large"] = TablesInMemory(large)
    changes["idle_overrides"] = tuple(map(redactor.sentence, assessment.idle_overrides))
    changes["settings"] = _settings(assessment.settings, redactor)
    if assessment.tags is not None:
        changes["tags"] = {i: {k: redactor.sentence(v) for k, v in t.items()} for i, t in assessment.tags.items()}
    changes["originals"] = lambda account_ids: map(tables.arrow, assessment.originals(account_ids))
    caller = redactor.arn(assessment.caller_arn)
    return replace(assessment, **changes, caller_arn=caller, redacted_with=fingerprint(key))


def _settings(settings: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """What was asked for; whose profile, session and folders these were is nobody's business."""
    kept = {name: value for name, value in settings.items() if name not in _PRIVATE}
    texts = {name: redactor.sentence(value) for name, value in kept.items() if isinstance(value, str)}
    return kept | texts


class _Tables:
    """Tables share their categories, which are then looked at once for all of them."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        # The old categories are kept so that no other index gets their id.
        self._known: dict[tuple[int, Rule], tuple[pd.Index, np.ndarray[Any, Any], pd.Index]] = {}

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One with the columns of a credential report or of this program's tables; others are taken for sentences."""
        return frame.assign(**{name: self._column(frame[name], rule) for name, rule in _texts_of(frame)})

    def arrow(self, table: pa.Table) -> pa.Table:
        """A credential report as AWS wrote it."""
        for number, name in enumerate(table.column_names):
            if name not in _KEPT:
                rule = _RULES.get(name, Redactor.sentence)
                texts = table[name].combine_chunks().dictionary_encode()
                words = [None if t is None else rule(self._redactor, t) for t in texts.dictionary.to_pylist()]
                found = pc.take(pa.array(words, table[name].type), texts.indices)
                table = table.set_column(number, name, found)
        return table

    def with_contacts(self, findings: pd.DataFrame, assessment: Assessment) -> pd.DataFrame:
        """What is observed of a contact is the contact: its pseudonym is that of the table of contacts."""
        about = [c.id for c in assessment.catalog_controls if CONTACTS in c.evidence]
        chosen = findings["control_id"].isin(about).to_numpy()
        if not chosen.any():
            return findings
        observed = findings["observed"].copy()
        observed[chosen] = assessment.findings["observed"][chosen].map(self._redactor.contact).to_numpy()
        return findings.assign(observed=observed)

    def _column(self, column: pd.Series, rule: Rule) -> Any:
        if isinstance(column.dtype, pd.CategoricalDtype):
            return self._category(column, rule)
        return self._text(column, rule)

    def _category(self, column: pd.Series, rule: Rule) -> Any:
        """Two texts may get the same one; a categorical then has it once."""
        categories = column.cat.categories
        if (id(categories), rule) not in self._known:
            texts = pd.Series([rule(self._redactor, str(text)) for text in categories], dtype="str")
            codes, distinct = pd.factorize(texts)
            missing = np.append(codes, -1)  # what the code -1 leads to
            self._known[id(categories), rule] = categories, missing, pd.Index(distinct, dtype="str")
        _, codes, names = self._known[id(categories), rule]
        return pd.Categorical.from_codes(codes[column.cat.codes.to_numpy()], categories=names)

    def _text(self, column: pd.Series, rule: Rule) -> Any:
        """Most sentences of a control differ in times only: those in which nothing else is replaced are left alone."""
        if column.empty:  # Arrow gives a column without rows no type
            return column
        texts = pa.chunked_array([pa.array(column, pa.large_string(), from_pandas=True)])
        shapes = pc.replace_substring_regex(texts, _TIME, "") if rule is Redactor.sentence else texts
        shapes = shapes.combine_chunks().dictionary_encode()
        touched = [text is not None and rule(self._redactor, text) != text for text in shapes.dictionary.to_pylist()]
        if not any(touched):
            return column
        where = pc.take(pa.array(touched), shapes.indices).fill_null(False).to_numpy(zero_copy_only=False)
        changed = column.copy()
        changed[where] = [rule(self._redactor, str(text)) for text in column[where]]
        return changed


def _texts_of(frame: pd.DataFrame) -> Iterator[tuple[str, Rule]]:
    """The columns that may hold a name, each with what is done to its texts."""
    for name in frame.columns:
        dtype = frame[name].dtype
        is_text = isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(dtype)
        if is_text and name not in _KEPT and not str(name).endswith("_note"):
            yield str(name), _RULES.get(str(name), Redactor.sentence)
