"""One pass over a table of any size, in batches; a second one where it is to be its own reference without rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Ints

from ._profile import Profile
from ._profile_columns import ColumnProfile
from ._profile_cuts import Cut
from ._profile_io import encoded
from ._profile_rows import Reservoir, stored_schema
from ._profile_sums import Sums
from .sources import Mistyped, Source, family, open_source

RESERVOIR = 5000
BUDGET = 40_000
"""Bytes of an artefact per column, but never less than fifty columns' worth."""


def profile(
    source: Any,
    *,
    like: Profile | None = None,
    rows: bool = True,
    seed: int = 0,
    reservoir: int = RESERVOIR,
    columns: Sequence[str] | None = None,
    name: str = "source",
) -> Profile:
    """Profile a table in one pass, out of core.

    Without rows, and not like another profile, a second pass counts the rows between the cut points that the first
    one found, for these counts are all that a check will have of it. A stream can not be read twice and is left
    without them.

    Parameters
    ----------
    source : str, Path, data frame, mapping, array, ``pyarrow.RecordBatchReader`` or ``pyarrow.dataset.Dataset``
        As :func:`read_table` reads it; files are read in batches and never held whole.
    like : Profile or None
        Reference whose cut points the sums of scores use. Profiling a table like its own first profile is the
        second pass that gives a reference exact sums of its own.
    rows : bool
        Keep a sample of raw rows. Without it a check has counts alone.
    seed : int
        Of the choice of rows and of their halves.
    reservoir : int
        Most rows to keep; fewer where they would take the artefact beyond 2 MB at up to 50 columns (40 kB per
        column beyond).
    columns : sequence of str or None
        Columns to profile; all by default.
    name : str
        What error messages call the table.

    Returns
    -------
    Profile

    Raises
    ------
    BadInput
        The table cannot be read or is empty; it lacks all columns that ``like`` has cut, or the type of one.

    Examples
    --------
    >>> p = profile({"x": [3.0, 1.0, 2.0], "city": ["Ulm", "Bonn", "Ulm"]})
    >>> p["x"].low, p["x"].high, p["city"].frequent.top()
    (1.0, 3.0, [('Ulm', 2), ('Bonn', 1)])
    """
    if reservoir < 1:
        raise BadInput(f"reservoir must be at least 1, got {reservoir}; to keep no rows give rows=False")
    if like is not None and not isinstance(like, Profile):
        raise BadInput(f"like must be a Profile, got {type(like).__name__}; read one with Profile.load(path)")
    opened = open_source(source, name, columns)
    while True:
        try:
            found = _pass(opened, like, reservoir if rows else 0, seed, name)
            if found.n and like is None and not rows and opened.again:
                found = replace(found, sums=_second_pass(opened, found, name))
            break
        except Mistyped as error:
            opened.retype(error)
    if not found.n:
        raise BadInput(f"{name} ({opened.name}) has no rows; give a table with at least one")
    return _fit_budget(found)


def scan_batches(source: Any, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """The rows of a table as ``pyarrow.RecordBatch`` of one schema, in order, never all at once.

    >>> sum(batch.num_rows for batch in scan_batches({"x": [1, 2, 3]}))
    3
    """
    opened = open_source(source, "source", columns)
    opened.settle()
    yield from opened.batches()


class _Scan:
    """The state of one pass; each worker has columns of its own, so the result does not depend on timing."""

    def __init__(self, source: Source, like: Profile | None, k: int, seed: int, name: str) -> None:
        schema = source.schema
        self.columns = {f.name: ColumnProfile(f.name, str(f.type), family(f.type)) for f in schema}
        self.sums = Sums.empty(like.cuts()) if like else None
        self.places = _places(self.sums, self.columns, name)
        self.rows = Reservoir(stored_schema(schema), k, seed) if k else None
        self.n = 0

    def update(self, batch: Any, pool: ThreadPoolExecutor, workers: int) -> None:
        cuts = self.sums.cuts.columns if self.sums else ()
        cells: list[Any] = [None] * len(cuts)

        def work(part: int) -> None:
            for j, (name, column) in enumerate(self.columns.items()):
                if j % workers == part:
                    array = batch.column(name)
                    column.update(array)
                    if self.sums and name in self.places:
                        at = self.places[name]
                        cells[at] = cuts[at].cells(array)

        jobs = [pool.submit(work, part) for part in range(workers)]
        if self.rows:
            self.rows.update(batch, self.n)
        for job in jobs:
            job.result()
        if self.sums:
            lack = (np.full(len(batch), len(cut.table) - 1) if c is None else c for c, cut in zip(cells, cuts))
            whole: list[Ints] = list(lack)
            self.sums.update(len(batch), whole, pool.map)
        self.n += len(batch)


def _places(sums: Sums | None, columns: dict[str, ColumnProfile], name: str) -> dict[str, int]:
    """Where each column's cut is; a cut column that the table lacks (such as labels) counts as missing throughout."""
    places: dict[str, int] = {}
    for at, cut in enumerate(sums.cuts.columns if sums else ()):
        if cut.name not in columns:
            continue
        family = columns[cut.name].family
        if family not in (cut.family, "null"):
            raise BadInput(
                f"{name}: column {cut.name!r} is {columns[cut.name].type}, "
                f"but {cut.family} in the reference; give it the same type"
            )
        places[cut.name] = at
    if sums and sums.cuts.columns and not places:
        lost = sums.cuts.columns[0].name
        raise BadInput(f"{name} has no column that the reference has cut, such as {lost!r}; profile the same columns")
    return places


def _pass(source: Source, like: Profile | None, k: int, seed: int, name: str) -> Profile:
    scan = _Scan(source, like, k, seed, name)
    workers = max(1, min(4, os.cpu_count() or 1, len(scan.columns)))
    with _one_blas_thread() if like else nullcontext(), ThreadPoolExecutor(workers) as pool:
        for batch in source.batches():
            if len(batch):
                scan.update(batch, pool, workers)
    left = {c.name: f"{c.type} is only counted" for c in scan.columns.values() if c.family == "nested"}
    return Profile(scan.columns, scan.n, scan.rows.finish() if scan.rows else None, scan.sums, left, seed)


def _second_pass(source: Source, found: Profile, name: str) -> Sums:
    """Sums on a profile's own cut points, over all its rows."""
    sums = Sums.empty(found.cuts())
    cuts = sums.cuts.columns
    with _one_blas_thread(), ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1))) as pool:
        for batch in source.batches():
            if len(batch):
                arrays = [batch.column(cut.name) for cut in cuts]
                sums.update(len(batch), list(pool.map(Cut.cells, cuts, arrays)), pool.map)
    if sums.n != found.n:
        raise BadInput(f"{name}: {source.name} had {found.n} rows and then {sums.n}; profile it when nobody writes it")
    return sums


def _one_blas_thread() -> Any:
    """One per worker: the workers share the cores already."""
    return import_module("threadpoolctl").threadpool_limits(1, user_api="blas")


def _fit_budget(found: Profile) -> Profile:
    most = BUDGET * max(50, len(found.columns))
    for _ in range(8):
        if found.kept is None:
            break
        whole = len(encoded(found))
        if whole <= most:
            break
        rest = len(encoded(replace(found, kept=found.kept.cut(0))))
        share = max(0.0, (most - rest) / max(whole - rest, 1))
        held = len(found.kept.priority)
        found = replace(found, kept=found.kept.cut(max(1, min(int(np.floor(held * share * 0.98)), held - 1))))
        if held == 1:
            break
    return found
