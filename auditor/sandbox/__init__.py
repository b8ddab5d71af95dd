"""An organization in a box: a loopback AWS endpoint for the demo, the tests and the benchmarks."""

from __future__ import annotations

from auditor.sandbox.box import Sandbox
from auditor.sandbox.options import SandboxOptions

__all__ = ["Sandbox", "SandboxOptions"]
