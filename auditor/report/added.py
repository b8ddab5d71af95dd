"""Formats that other installed packages bring (entry points ``auditor.formats``)."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.errors import ConfigurationError, nearest
from auditor.plugins import ADDED_FORMATS, Plugin, plugins
from auditor.report.interface import Format


def added_format(name: str, own: Iterable[str]) -> Format:
    """The format of that name; ConfigurationError names the nearest one, ``own`` formats of the product among them."""
    added = {plugin.name: plugin for plugin in plugins(ADDED_FORMATS)}
    if name not in added:
        raise ConfigurationError(f"unknown format {name!r}{nearest(name, [*own, *added])}")
    return _checked(added[name])


def _checked(plugin: Plugin) -> Format:
    """An object, or a class that makes one without arguments. Raises PluginError."""
    found = plugin.load()
    made = found() if isinstance(found, type) else found
    if getattr(made, "name", None) != plugin.name or not callable(getattr(made, "write", None)):
        raise plugin.problem(f"must have the name {plugin.name!r} and a method write(assessment, folder)")
    checked: Format = made
    return checked
