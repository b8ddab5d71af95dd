"""Evidence read once more: one module for each kind, which gives the facts of its units.

A module whose evidence has units of its own has ``read``: (document, whose it is) -> the facts of its units, by type of
unit. The others are read where they are used. A package that brings a kind brings its ``read`` by an entry point of the
group ``auditor.second_readers``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from importlib import import_module

from auditor.errors import PluginError
from auditor.plugins import ADDED_READERS, plugins
from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts

Reader = Callable[[Document, str], dict[str, list[Facts]]]


def _readers() -> dict[str, Reader]:
    """By kind of evidence, for each module here that has one."""
    modules = {info.name: import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)}
    return {name.replace("_", "-"): module.read for name, module in modules.items() if hasattr(module, "read")}


READERS: Mapping[str, Reader] = _readers()


def reader_of(kind: str) -> Reader:
    """Raises PluginError for a kind of another package that nobody reads a second time."""
    if kind in READERS:
        return READERS[kind]
    added = {plugin.name: plugin for plugin in plugins(ADDED_READERS)}
    if kind not in added:
        raise PluginError(
            f"the evidence {kind!r} cannot be read a second time: no installed package has an entry point of that name "
            f"in the group {ADDED_READERS}"
        )
    reader: Reader = added[kind].load()
    return reader
