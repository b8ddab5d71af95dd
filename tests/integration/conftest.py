"""A boxed organization that is served for a whole test module."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box

# A shell starts what runs in the background deaf to Ctrl-C, and every command that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=60, as_of=AS_OF, report_delay=(0.0, 0.5)))
    with sandbox.serve() as url:
        yield Box(sandbox, url)
