"""Which member accounts administer which services."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts

_SERVICES = "organizations:ListDelegatedServicesForAccount"
_ANALYZERS = "access-analyzer.amazonaws.com"


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    """Shown to a person, as are the services with access, which decide nothing and are not read here.

    ``analyzer_administrators`` are those of IAM Access Analyzer, and those whose services are not told.
    """
    services: dict[str, list[str]] = {}
    for call in document.calls:
        for _line, service in call.items.get("DelegatedServices", ()):
            services.setdefault(str(call.parameters.get("AccountId")), []).append(service["ServicePrincipal"])
    names = {found["Id"]: found.get("Name", "") for _line, found in document.items("DelegatedAdministrators")}
    told = [f"{account} ({name}): {', '.join(sorted(services.get(account, ())))}" for account, name in names.items()]
    answered = {call.parameters.get("AccountId") for call in document.of(_SERVICES) if not call.error}
    untold = names.keys() - answered
    of_analyzers = sorted(a for a in names if a in untold or _ANALYZERS in services.get(a, ()))
    shown = {"administrators": "; ".join(told), "analyzer_administrators": " ".join(of_analyzers), "trusted": None}
    return {"organization": [{"line": 1, **shown}]}
