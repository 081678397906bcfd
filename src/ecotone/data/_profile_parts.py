"""A pass over a table, whole in this process or in parts on an engine: the same units, merged in the same order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from typing import Any, TypeVar

from ecotone.contracts import BadInput, ProgressListener

from ._profile import Profile
from ._profile_cuts import Binning, Cut
from ._profile_sums import Sums
from ._profile_unit import Scan, UnitScan
from .engines import Engine, MergeTree, TreeNode, run_parts
from .sources import Source, Stretch, unit_rows

A = TypeVar("A")

PARTS = 4
"""Parts for each worker: small enough that none waits long for the last, and that little is lost with a worker."""


@dataclass(frozen=True)
class _Part:
    """A stretch, and what is wanted of it."""

    stretch: Stretch
    wanted: Scan | Binning
    threads: int = 1


def scan_source(
    source: Source, scan: Scan, engine: Engine | None, partitions: int | None, progress: ProgressListener
) -> Profile | None:
    """The profile of all rows; None where there are none."""
    UnitScan(scan, 0)  # refuses cut points that do not fit before anything is read
    tree: MergeTree[Profile] = MergeTree(Profile.merge)
    for nodes in _each(source, scan, _profiled, engine, partitions, progress):
        tree.extend(nodes)
    return tree.finish()


def count_source(
    source: Source, found: Profile, name: str, engine: Engine | None, partitions: int | None, progress: ProgressListener
) -> Sums:
    """Sums on a profile's own cut points, over all its rows, in a second pass."""
    cuts = found.cuts()
    sums = reduce(Sums.merge, _each(source, cuts, _counted, engine, partitions, progress), Sums.empty(cuts))
    if sums.n != found.n:
        raise BadInput(f"{name}: {source.name} had {found.n} rows and then {sums.n}; profile it when nobody writes it")
    return sums


def _each(
    source: Source, wanted: Scan | Binning, work: Callable[[_Part], A], engine: Engine | None, partitions: int | None,
    progress: ProgressListener,
) -> Iterator[A]:  # fmt: skip
    threads = max(1, min(4, os.cpu_count() or 1))
    if engine is None:
        yield work(_Part(source.whole(), wanted, threads))
        return
    here = engine.name == "local" and engine.workers == 1
    stretches = source.stretches(partitions or PARTS * engine.workers)
    parts = [_Part(stretch, wanted, threads if here else 1) for stretch in stretches]
    for _, found in run_parts(engine, work, parts, what="reading", progress=progress):
        yield found


def _profiled(part: _Part) -> list[TreeNode[Profile]]:
    """The profiles of a stretch's units, merged as far as the stretch goes."""
    assert isinstance(part.wanted, Scan)
    unit = unit_rows(len(part.wanted.schema))
    tree: MergeTree[Profile] = MergeTree(Profile.merge)
    at, scan = part.stretch.start, UnitScan(part.wanted, part.stretch.start)
    threads = min(part.threads, len(scan.columns))

    def finish() -> None:
        tree.add(TreeNode(0, at // unit, scan.finish()))

    with _threads(threads, one_blas=part.wanted.cuts is not None) as pool:
        for batch in part.stretch.batches():
            if scan.n == unit:
                finish()
                at += unit
                scan = UnitScan(part.wanted, at)
            scan.update(batch, pool, threads)
    if scan.n:
        finish()
    return tree.nodes()


def _counted(part: _Part) -> Sums:
    assert isinstance(part.wanted, Binning)
    sums, cuts = Sums.empty(part.wanted), part.wanted.columns
    with _threads(part.threads, one_blas=True) as pool:
        run: Any = pool.map if pool else map
        for batch in part.stretch.batches():
            arrays = [batch.column(cut.name) for cut in cuts]
            sums.update(len(batch), list(run(Cut.cells, cuts, arrays)), run)
    return sums


@contextmanager
def _threads(most: int, *, one_blas: bool) -> Iterator[ThreadPoolExecutor | None]:
    """A pool of threads, None for one; BLAS has one thread, for the workers share the cores already."""
    limits = import_module("threadpoolctl").threadpool_limits(1, user_api="blas") if one_blas else None
    try:
        if most == 1:
            yield None
        else:
            with ThreadPoolExecutor(most) as pool:
                yield pool
    finally:
        if limits is not None:
            limits.restore_original_limits()
