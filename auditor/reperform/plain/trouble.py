"""What makes evidence unusable."""

from __future__ import annotations


class UnusableError(Exception):
    """A piece of evidence is not there, not what was collected or not of the shape that AWS gives: it says nothing."""
