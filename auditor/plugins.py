"""What other installed packages add to the product, found by their entry points.

``auditor.kinds``, ``auditor.second_readers``, ``auditor.formats`` and ``auditor.catalogs`` are the groups;
``docs/extending.md`` shows a package.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from auditor.errors import PluginError

ADDED_FORMATS, ADDED_CATALOGS = "auditor.formats", "auditor.catalogs"
ADDED_KINDS, ADDED_READERS = "auditor.kinds", "auditor.second_readers"


@dataclass(frozen=True)
class Plugin:
    """One addition: the ``name`` of its entry point, the ``package`` that brings it and the package's ``version``."""

    name: str
    package: str
    version: str
    entry: EntryPoint

    @property
    def origin(self) -> str:
        """``acme-audit 1.2``"""
        return f"{self.package} {self.version}".strip()

    def load(self) -> Any:
        """The object that the entry point names; PluginError, with the package, where it cannot be loaded."""
        try:
            return self.entry.load()
        except Exception as error:
            raise self.problem(f"cannot be loaded: {type(error).__name__}: {error}") from error

    def problem(self, what: str) -> PluginError:
        """An error about this addition; ``what`` ends the sentence."""
        group = self.entry.group
        return PluginError(f"{self.name!r} of the installed package {self.origin} ({group}) {what}")


def plugins(group: str) -> tuple[Plugin, ...]:
    """The additions of a group in the order of their names. PluginError where two packages bring the same name."""
    found: dict[str, Plugin] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        package, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "")
        plugin = Plugin(entry.name, package, version, entry)
        if plugin.name in found and found[plugin.name].package != package:
            raise plugin.problem(f"has the name of another one, which {found[plugin.name].origin} brings")
        found[plugin.name] = plugin
    return tuple(found.values())
