"""The identity providers of an account."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    found = [*document.items("SAMLProviderList"), *document.items("OpenIDConnectProviderList")]
    names = [str(provider.get("Arn", "")).partition("/")[2] for _line, provider in found]
    # What other evidence tells of signing in is shown to a person and decides nothing.
    others = {"identity_center": None, "trusted_providers": None}
    return {
        "account": [{"line": document.calls[0].line if document.calls else 1, "providers": ", ".join(names), **others}]
    }
