"""One module for each kind of evidence, found in this folder and in packages that bring kinds of their own.

A package brings a kind by an entry point of the group ``auditor.kinds`` that names its ``KIND``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

from auditor.kinds.declaration import Kind, Owner
from auditor.plugins import ADDED_KINDS, plugins

_DECLARATION = "declaration"


class _Kinds(Mapping[str, Kind]):
    """Loaded when they are first looked at, so that the module of one kind can be imported by itself."""

    @cached_property
    def _loaded(self) -> Mapping[str, Kind]:
        return dict(sorted((_in_this_folder() | _of_other_packages()).items()))

    def __getitem__(self, name: str) -> Kind:
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


KINDS: Mapping[str, Kind] = _Kinds()
"""Every kind of evidence by its name, sorted. Looking raises PluginError where a package brings one that is none."""


def names_of(*owners: Owner) -> tuple[str, ...]:
    """The kinds of evidence that belong to one of the ``owners``, sorted."""
    return tuple(name for name, kind in KINDS.items() if kind.owner in owners)


def evidence_kinds() -> tuple[str, ...]:
    """The kinds that controls may read, sorted: all but those that only stand in for others."""
    return names_of(Owner.ACCOUNT, Owner.ORGANIZATION)


def _in_this_folder() -> dict[str, Kind]:
    """Raises ImportError for a module that declares no kind."""
    kinds: dict[str, Kind] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != _DECLARATION):
        kind = _kind_of_name(getattr(import_module(f"{__name__}.{name}"), "KIND", None), name.replace("_", "-"))
        if kind is None:
            raise ImportError(f"{__name__}.{name} must have a KIND of that name")
        kinds[kind.name] = kind
    return kinds


def _of_other_packages() -> dict[str, Kind]:
    """Raises PluginError for what is no kind, or has the name of one of the product."""
    kinds: dict[str, Kind] = {}
    for plugin in plugins(ADDED_KINDS):
        kind = _kind_of_name(plugin.load(), plugin.name)
        if kind is None:
            raise plugin.problem(f"must be a Kind with the name {plugin.name!r}")
        if plugin.name in _in_this_folder():
            raise plugin.problem("has the name of a kind of evidence that the product has")
        kinds[kind.name] = kind
    return kinds


def _kind_of_name(found: Any, name: str) -> Kind | None:
    return found if isinstance(found, Kind) and found.name == name else None
