"""Makes the calls of one collector and keeps every answer as evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name

from auditor import evidence
from auditor.aws.assume import AccountCalls
from auditor.aws.calls import Response
from auditor.errors import EvidenceError
from auditor.evidence import Answer, Document
from auditor.model import Evidence
from auditor.times import iso

STAGE = "fetch"
# How the services say that there are more pages: the token they answer is the parameter of the next call.
_TOKENS = ("Marker", "NextToken", "nextToken")
# As many items as IAM puts on a page; where it is not asked for, the page holds a hundred.
LARGEST_PAGE = 1000


class Recorder:
    """``answers`` so far, in the order of the calls."""

    def __init__(self, kind: str, calls: AccountCalls) -> None:
        self._kind, self._calls = kind, calls
        self.answers: list[Answer] = []

    async def ask(
        self, client: Any, action: str, region: str = "", *, accepted: Collection[str] = (), **parameters: Any
    ) -> Response | None:
        """Call ``action`` (``iam:GetAccountSummary``); None where AWS answers an error code that is ``accepted``.

        Raises EvidenceError for every other error.
        """
        operation = getattr(client, xform_name(action.partition(":")[2]))
        try:
            answer = dict(await self._calls(STAGE, operation, **parameters))
        except EvidenceError as error:
            if error.code in accepted:
                self._keep_error(action, region, parameters, error)
                return None
            raise
        about = answer.pop("ResponseMetadata", {})
        self._keep(action, region, parameters, response=answer, request_id=about.get("RequestId", ""))
        return answer

    async def pages(
        self, client: Any, action: str, region: str = "", *, accepted: Collection[str] = (), **parameters: Any
    ) -> AsyncIterator[Response]:
        """Every page; an empty page in the middle is no end, a token that comes back again is an error.

        An error code that is ``accepted`` ends the pages, whichever page it answers.
        """
        page, seen = await self.ask(client, action, region, accepted=accepted, **parameters), set[str]()
        while page is not None:
            yield page
            name, token = _next(page)
            if not token:
                return
            if token in seen:
                raise EvidenceError(STAGE, "EndlessPages", f"{action} answered the same page token twice")
            seen.add(token)
            page = await self.ask(client, action, region, accepted=accepted, **parameters, **{name: token})

    async def attempt(self, client: Any, action: str, region: str = "", **parameters: Any) -> None:
        """All pages; an error is kept as the answer, so that one call's trouble stays that call's."""
        try:
            async for _ in self.pages(client, action, region, **parameters):
                pass
        except EvidenceError as error:
            self._keep_error(action, region, parameters, error)

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

    def _keep_error(self, action: str, region: str, parameters: Response, error: EvidenceError) -> None:
        told = {"error": error.code, "message": error.message, "request_id": error.request_id}
        self._keep(action, region, parameters, **told)

    def _keep(self, action: str, region: str, parameters: Response, **told: Any) -> None:
        self.answers.append(Answer(action, region=region, parameters=parameters, collected_at=iso(_now()), **told))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _next(page: Response) -> tuple[str, str]:
    """Name and value of the token of the next page, an empty value on the last one."""
    if page.get("IsTruncated") is False:
        return "", ""
    return next(((name, str(page[name])) for name in _TOKENS if page.get(name)), ("", ""))


def first_trouble(content: bytes, accepted: Collection[str] = ()) -> EvidenceError | None:
    """The first error among the answers of a file that is not an ``accepted`` answer."""
    for answer in evidence.read(content).answers:
        if answer.error and answer.error not in accepted:
            where = f" in {answer.region}" if answer.region else ""
            message = f"{answer.operation}{where}: {answer.message}"
            return EvidenceError(STAGE, answer.error, message, answer.request_id)
    return None
