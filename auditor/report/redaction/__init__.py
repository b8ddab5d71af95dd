"""Pseudonyms in place of the names of people: the same key gives the same ones, quarter after quarter.

What is replaced, wherever it stands in an assessment's tables:

- names of IAM users, in columns of names, in ARNs and in sentences (observed values, reasons, messages, tags, what
  waivers say and cover), also where one is a part of another word between signs (``policy-of-ann.smith``);
- e-mail addresses: of accounts, contacts, waivers, tags, and any other;
- names of sessions in ARNs, that of the caller first of all;
- the contacts of accounts, as a whole.

What stays: ids and names of accounts, OUs, groups, roles and policies (but for e-mail addresses, for the whole of a
user's name, and for user names that cannot be a word, such as ``ann.smith`` or ``user7``), access key ids (which no
table holds), names of people who are no users (an owner ``Ann Smith`` of a waiver), and a user's name that is a word
of this program's own sentences (``user``, ``none``), in sentences only, where nobody can tell it from the word.
Evidence is never changed: hand the derived files out, not the snapshot.
"""

from auditor.report.redaction.key import fingerprint, read_key
from auditor.report.redaction.pseudonyms import PSEUDONYM, Pseudonyms
from auditor.report.redaction.tables import redacted, redactor_of
from auditor.report.redaction.texts import Redactor

__all__ = [
    "PSEUDONYM",
    "Pseudonyms",
    "Redactor",
    "fingerprint",
    "read_key",
    "redacted",
    "redactor_of",
]
