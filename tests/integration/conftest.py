"""A boxed organization that is served for a whole test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=60, as_of=AS_OF, report_delay=(0.0, 0.5)))
    with sandbox.serve() as url:
        yield Box(sandbox, url)
