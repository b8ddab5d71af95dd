"""Makes the calls of one collector and keeps every answer as evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name

from auditor.aws.assume import AccountCalls
from auditor.aws.calls import Response
from auditor.aws.faults import is_denial
from auditor.aws.session import Clients
from auditor.errors import CALLER_CREDENTIALS, EvidenceError
from auditor.kinds.declaration import Call
from auditor.model import Evidence
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from auditor.times import iso

STAGE = "fetch"
# How the services say that there are more pages: the token they answer is the parameter of the next call.
_TOKENS = ("Marker", "NextToken", "nextToken")


class Recorder:
    """``answers`` so far, in the order of the calls; ``region``: another than the run's."""

    def __init__(self, kind: str, calls: AccountCalls, clients: Clients, region: str = "") -> None:
        self._kind, self._clients, self._region = kind, clients, region
        self.calls = calls
        self.answers: list[Answer] = []

    def blank(self, region: str = "") -> Recorder:
        """Another one for the same account, without any answers."""
        return Recorder(self._kind, self.calls, self._clients, region)

    async def ask(self, call: Call, **parameters: Any) -> list[Mapping[str, Any]]:
        """All pages; none where AWS answers an error code that is an answer. Raises EvidenceError for every other."""
        return [page async for page in self.pages(call, **parameters)]

    async def pages(self, call: Call, **parameters: Any) -> AsyncIterator[Response]:
        """Every page; an empty page in the middle is no end, a token that comes back again is an error.

        An error code that is an answer ends the pages, whichever page it answers.
        """
        page, seen = await self._page(call, parameters), set[str]()
        while page is not None:
            yield page
            name, token = _next(page)
            if not token:
                return
            if token in seen:
                raise EvidenceError(STAGE, "EndlessPages", f"{call.action} answered the same page token twice")
            seen.add(token)
            page = await self._page(call, parameters | {name: token})

    async def attempt(self, call: Call, **parameters: Any) -> bool:
        """All pages; an error is kept as the answer, so that the failure of one call costs no other.

        False where the next such call would fail alike: it is not allowed, or there are no credentials.
        """
        try:
            async for _ in self.pages(call, **parameters):
                pass
        except EvidenceError as error:
            self._keep_error(call, parameters, error)
            return not (is_denial(error.code) or error.code == CALLER_CREDENTIALS)
        return True

    async def _page(self, call: Call, parameters: Mapping[str, Any]) -> Response | None:
        client = await self._clients.client(call.client, self._region or None)
        operation = getattr(client, xform_name(call.operation))
        try:
            answer = dict(await self.calls(STAGE, operation, **call.parameters, **parameters))
        except EvidenceError as error:
            if error.code in call.answers:
                self._keep_error(call, parameters, error)
                return None
            raise
        about = answer.pop("ResponseMetadata", {})
        self._keep(call, parameters, response=answer, request_id=about.get("RequestId", ""))
        return answer

    def evidence(self, omitted: str = "") -> Evidence:
        """What was answered, as it is stored; ``omitted`` says why nothing, or nothing more, had to be asked."""
        requests = [answer.request_id for answer in self.answers if answer.request_id]
        return Evidence(
            kind=self._kind,
            content=evidence.write(Document(self._kind, tuple(self.answers), omitted)),
            suffix="json",
            request_id=requests[-1] if requests else "",
            collected_at=_now(),
        )

    def _keep_error(self, call: Call, parameters: Mapping[str, Any], error: EvidenceError) -> None:
        about = {"error": error.code, "message": error.message, "request_id": error.request_id}
        self._keep(call, parameters, **about)

    def _keep(self, call: Call, parameters: Mapping[str, Any], **answered: Any) -> None:
        sent = {**call.parameters, **parameters}
        answer = Answer(call.action, region=self._region, parameters=sent, collected_at=iso(_now()), **answered)
        self.answers.append(answer)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _next(page: Response) -> tuple[str, str]:
    """Name and value of the token of the next page, an empty value on the last one."""
    if page.get("IsTruncated") is False:
        return "", ""
    return next(((name, str(page[name])) for name in _TOKENS if page.get(name)), ("", ""))


def first_failure(
    content: bytes, accepted: Mapping[str, Collection[str]], about: Collection[str]
) -> EvidenceError | None:
    """The first error among the answers of a file that is no answer by itself.

    ``accepted``: the error codes that are one, by operation. ``about``: the parameters that name what a call is about,
    where each item is asked for by itself.
    """
    for answer in evidence.read(content).answers:
        if answer.error and answer.error not in accepted.get(answer.operation, ()):
            where = f" in {answer.region}" if answer.region else ""
            what = "".join(f" of {answer.parameters[name]}" for name in about if name in answer.parameters)
            message = f"{answer.operation}{what}{where}: {answer.message}"
            return EvidenceError(STAGE, answer.error, message, answer.request_id)
    return None
