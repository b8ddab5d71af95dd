"""Audits the credentials of every account of an AWS organization."""

__version__ = "0.1.0"
