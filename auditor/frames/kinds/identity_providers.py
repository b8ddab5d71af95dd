"""The identity providers that an account trusts: one row an account."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, table
from auditor.model import IDENTITY_PROVIDERS, Unit

_COLUMNS = {"providers": "str"}  # the ARNs' last parts, joined by ", "; empty for none


def _rows(_: str, document: Document) -> Iterator[Row]:
    found = [*document.items("SAMLProviderList"), *document.items("OpenIDConnectProviderList")]
    names = [str(provider.get("Arn", "")).partition("/")[2] for _, provider in found]
    yield {"line": document.answers[0].line if document.answers else 1, "providers": ", ".join(names)}


TABLES = (table(Unit.ACCOUNT, IDENTITY_PROVIDERS, _COLUMNS, _rows),)
