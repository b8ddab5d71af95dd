"""A snapshot judged for a command: at once where it is small, else in batches, by several processes or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli.options import selection_of

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    from auditor.catalog import Catalog
    from auditor.judge.assessment import Assessment
    from auditor.judge.batches import BatchTask, Each
    from auditor.judge.waivers import Waivers
    from auditor.settings import Settings
    from auditor.store.snapshot import Snapshot


@contextmanager
def judged(
    snapshot: Snapshot,
    folder: Path,
    settings: Settings,
    catalog: Catalog,
    waivers: Waivers | None,
    say: Callable[[str], None],
) -> Iterator[Assessment]:
    """The assessment, good for the block only: its large tables may lie in a part of ``folder`` that goes afterwards.

    ``say`` hears how far it is.
    """
    from auditor.judge.assessing import Criteria, assess
    from auditor.judge.batches import assess_in_batches, batches_of
    from auditor.store.files import scratch_folder

    selection = selection_of(settings, catalog)
    batches = batches_of(snapshot)
    if len(batches) == 1 and settings.engine == "local":
        yield assess(snapshot, as_of=settings.as_of, catalog=catalog, selection=selection, waivers=waivers)
        return
    criteria = Criteria.of(snapshot, settings.as_of, catalog, selection, waivers)
    with scratch_folder(folder, "judging") as scratch:
        # What a cluster needs is closed before the files are written, by processes that are forked.
        with _engine(settings, say) as each:
            assessment = assess_in_batches(snapshot, criteria, batches, partial(_counted, each, say), scratch)
        yield assessment


def check_engine(settings: Settings) -> None:
    """Raise ClusterError now, rather than after hours of collecting, where the settings name a cluster that is not
    there."""
    if settings.engine == "dask":
        with _engine(settings, lambda _: None):
            pass


@contextmanager
def _engine(settings: Settings, say: Callable[[str], None]) -> Iterator[Each]:
    """Who judges batches: processes of this machine, as many as the settings say, or the workers of a cluster."""
    if settings.engine == "dask" and settings.scheduler:
        from auditor.cluster.client import cluster_at

        with cluster_at(settings.scheduler, say) as cluster:
            yield cluster.each
    else:
        from auditor.report.processes import cores, each

        yield lambda task, batches: each(task, batches, settings.jobs or cores())


def _counted(each: Each, say: Callable[[str], None], task: BatchTask, batches: Any) -> Iterator[Any]:
    say(f"judging batch 1 of {len(batches):,}")
    for number, result in enumerate(each(task, batches), start=2):
        yield result
        if number <= len(batches):
            say(f"judging batch {number:,} of {len(batches):,}")
