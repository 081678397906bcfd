"""One pass over a table of any size, in batches; a second one where it is to be its own reference without rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, ProgressListener, unwatched

from ._profile import Profile
from ._profile_io import encoded
from ._profile_parts import count_source, scan_source
from ._profile_unit import Scan
from .engines import Engine
from .sources import Mistyped, open_source

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
    engine: Engine | None = None,
    partitions: int | None = None,
    progress: ProgressListener = unwatched,
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
    engine : Engine or None
        Where the work is done, of :func:`ecotone.data.engines.open_engine`: the profile is the same to the last bit,
        for it merges from the profiles of units of a fixed number of rows in a fixed order. None is this process.
    partitions : int or None
        With an engine, into how many parts to cut the table at most; four for each worker by default.
    progress : callable
        With an engine, told after each part.

    Returns
    -------
    Profile

    Raises
    ------
    BadInput
        The table cannot be read or is empty, or is a stream and there is an engine; it lacks all
        columns that ``like`` has cut, or the type of one.

    Examples
    --------
    >>> p = profile({"x": [3.0, 1.0, 2.0], "city": ["Ulm", "Bonn", "Ulm"]})
    >>> p["x"].low, p["x"].high, p["city"].frequent.top()
    (1.0, 3.0, [('Ulm', 2), ('Bonn', 1)])
    """
    if partitions is not None and (partitions < 1 or engine is None):
        raise BadInput(f"partitions must be at least 1 and go with an engine, got {partitions}; or leave it out")
    if reservoir < 1:
        raise BadInput(f"reservoir must be at least 1, got {reservoir}; to keep no rows give rows=False")
    if like is not None and not isinstance(like, Profile):
        raise BadInput(f"like must be a Profile, got {type(like).__name__}; read one with Profile.load(path)")
    opened = open_source(source, name, columns)
    if engine is not None:
        opened.settle()
    while True:
        try:
            scan = Scan(opened.schema, like.cuts() if like else None, reservoir if rows else 0, seed, name)
            found = scan_source(opened, scan, engine, partitions, progress)
            if found and like is None and not rows and opened.again:
                found = replace(found, sums=count_source(opened, found, name, engine, partitions, progress))
            break
        except Mistyped as error:
            opened.retype(error)
    if found is None:
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
