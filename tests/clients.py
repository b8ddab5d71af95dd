"""Clients of AWS whose operations answer in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from auditor.aws.calls import Calls
from auditor.aws.session import Clients
from auditor.errors import EvidenceError

Answers = Mapping[str, Callable[..., dict[str, Any]]]
"""What each operation (``list_roots``) answers to its parameters; what is not there answers nothing."""


class Direct(Calls):
    """Calls that are just made; an exception is what AWS answers."""

    def __init__(self) -> None:
        super().__init__(1)

    async def __call__(self, stage: str, operation: Any, *_: Any, **parameters: Any) -> Any:  # type: ignore[override]
        return await operation(**parameters)


class _Client:
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def operation(**parameters: Any) -> dict[str, Any]:
            return self._answers[name](**parameters) if name in self._answers else {}

        return operation


class _Opener:
    def __init__(self, client: _Client) -> None:
        self._client = client

    async def client(self, service: str, region: str | None = None) -> Any:
        return self._client


def answering(answers: Answers) -> Clients:
    """Clients of every service, which all give these answers."""
    client = _Client(answers)
    return Clients(client, client, client, None, _Opener(client))  # type: ignore[arg-type]


def refused(code: str) -> Callable[..., dict[str, Any]]:
    """The answer that is an error."""

    def answer(**_: Any) -> dict[str, Any]:
        raise EvidenceError("fetch", code, "AWS says no")

    return answer
