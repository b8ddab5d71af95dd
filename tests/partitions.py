"""The partitions of AWS as the SDK knows them: a partition that AWS adds is tested once the SDK is new enough."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.loaders import Loader


def regions_by_partition() -> Mapping[str, tuple[str, ...]]:
    """``aws-cn`` -> ``cn-north-1``, ...; what stands for no region in particular is left out."""
    found = Loader().load_data("partitions")["partitions"]
    return {p["id"]: tuple(sorted(r for r in p["regions"] if not r.endswith("-global"))) for p in found}


PARTITIONS = regions_by_partition()
