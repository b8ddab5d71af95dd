"""The bill of materials of what ``constraints.txt`` pins, made from the lock and the installed packages' own words.

    python -m tests.sbom       writes sbom.cdx.json (CycloneDX 1.6); the same lock gives the same bytes

``scope`` says what is what: ``required`` runs with the product, ``optional`` is of the extras ``fast`` and ``dask``,
``excluded`` only builds and tests it. How components depend on each other is told for those that run.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK, TARGET = ROOT / "constraints.txt", ROOT / "sbom.cdx.json"
_OURS = uuid.UUID("6f4c9a3e-8f0e-5d0e-9a53-3f6f1d6f2b10")


def pins() -> dict[str, str]:
    """Name -> version of everything in the lock."""
    lines = (line for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def closure(requirements: Iterable[str]) -> dict[str, set[str]]:
    """Name -> names it needs, for everything that the requirements lead to on this machine."""
    found: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        found.setdefault(name, set())
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needed = [r for r in map(Requirement, metadata.requires(name) or ()) if _applies(r, extra)]
            found[name] |= {canonicalize_name(r.name) for r in needed}
            waiting += needed
    return found


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def declared(extra: str = "") -> list[str]:
    """What pyproject.toml asks for: of everybody, or of those who want an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [text for text in wanted if _applies(Requirement(text), "")]


def sbom() -> str:
    """The document; no clock and no machine is in it."""
    running, extra = closure(declared()), closure([*declared("fast"), *declared("dask")])
    parts = {name: _component(name, version, running, extra) for name, version in pins().items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    product = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        licenses=[LicenseExpression(project["license"])],
    )
    bom = Bom(serial_number=uuid.uuid5(_OURS, LOCK.read_text(encoding="utf-8")), components=parts.values())
    bom.metadata.component = product
    bom.register_dependency(product, [parts[canonicalize_name(Requirement(text).name)] for text in declared()])
    for name, needed in {**extra, **running}.items():
        bom.register_dependency(parts[name], [parts[other] for other in sorted(needed)])
    bom.metadata.timestamp = None  # type: ignore[assignment]  # optional in the format
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(name: str, version: str, running: Mapping[str, object], extra: Mapping[str, object]) -> Component:
    scope = ComponentScope.EXCLUDED
    if name in running or name in extra:
        scope = ComponentScope.REQUIRED if name in running else ComponentScope.OPTIONAL
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        scope=scope,
        bom_ref=f"{name}=={version}",
        purl=PackageURL("pypi", name=name, version=version),
    )


if __name__ == "__main__":
    TARGET.write_text(sbom(), encoding="utf-8")
